import Conversation

/// A recorded signal, as another one's cause.
struct SignalReference {
    var id: String
    var position: Position
}

/// The effects without an end: which run, which wait for a free place, and what they have streamed so far. Decides alone
/// which terminal signal an effect gets, so there is exactly one, whatever races.
///
/// A pure value: its transitions return the lifecycle signals to record; the engine records them in the transaction at
/// hand, and the effect manager acts after the commit.
struct EffectLedger {
    struct Entry {
        var effect: OpenEffect
        /// Deltas recorded in this attempt.
        var deltas = 0
        /// What this attempt has streamed so far.
        var text = ""
        /// The newest lifecycle signal: the cause of the next, so that they are applied in their order.
        var lastSignal: SignalReference
        var isRunning = false
        /// Trace context of the signal that ordered the effect.
        var traceparent: String?
    }

    private var entries: [EffectKey: Entry] = [:]
    private var byConversation: [ConversationID: [EffectKey]] = [:]
    private var queue: [EffectKey] = []
    private var queueHead = 0
    private(set) var running = 0
    private let concurrency: Int

    init(concurrency: Int) {
        self.concurrency = concurrency
    }

    var count: Int { entries.count }
    var hasStartable: Bool { running < concurrency && queueHead < queue.count }

    func entry(_ key: EffectKey) -> Entry? { entries[key] }

    mutating func open(_ effect: OpenEffect) {
        entries[effect.key] = Entry(
            effect: effect, lastSignal: SignalReference(id: effect.causeID, position: effect.key.cause))
        byConversation[effect.conversation, default: []].append(effect.key)
        queue.append(effect.key)
    }

    /// Starts the next waiting effect if there is a free place: its attempt number grows by one.
    mutating func startNext() -> Entry? {
        while running < concurrency, queueHead < queue.count {
            let key = queue[queueHead]
            queueHead += 1
            compactQueue()
            guard var entry = entries[key], !entry.isRunning else { continue }
            entry.effect.attempt += 1
            entry.isRunning = true
            running += 1
            entries[key] = entry
            return entry
        }
        return nil
    }

    /// Takes a delta of the running attempt; nil when the effect has ended or the attempt is not the newest.
    mutating func append(_ delta: String, key: EffectKey, attempt: Int) -> Entry? {
        guard let slot = entries.index(forKey: key), entries.values[slot].isRunning,
            entries.values[slot].effect.attempt == attempt
        else { return nil }
        entries.values[slot].text += delta
        entries.values[slot].deltas += 1
        return entries.values[slot]
    }

    mutating func setLastSignal(_ signal: SignalReference, key: EffectKey) {
        entries[key]?.lastSignal = signal
    }

    /// Ends an effect; nil when it has ended before: the first terminal signal wins.
    mutating func close(_ key: EffectKey) -> Entry? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        if entry.isRunning { running -= 1 }
        if var keys = byConversation[entry.effect.conversation] {
            keys.removeAll { $0 == key }
            byConversation[entry.effect.conversation] = keys.isEmpty ? nil : keys
        }
        return entry
    }

    mutating func setTraceparent(_ traceparent: String?, key: EffectKey) {
        entries[key]?.traceparent = traceparent
    }

    /// The open effects of a conversation, oldest first.
    func effects(of conversation: ConversationID) -> [EffectKey] { byConversation[conversation] ?? [] }

    private mutating func compactQueue() {
        guard queueHead >= 256, queueHead * 2 >= queue.count else { return }
        queue.removeFirst(queueHead)
        queueHead = 0
    }
}
