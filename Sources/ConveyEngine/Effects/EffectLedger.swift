import EffectPort
import Conversation
import JournalPort
import Signals

/// The open effects: which run, which wait and for what, and their streamed text so far. Only the ledger decides which
/// terminal signal an effect gets, so each effect gets exactly one, whatever races.
///
/// A pure value: its transitions return the changes; the engine records them in the current transaction, and the effect
/// manager acts after the commit. Of a conversation's generations, only one runs at a time (`TurnLine`).
struct EffectLedger {
    enum Phase {
        /// Behind another generation of its conversation.
        case held
        /// In its class's queue, for a free slot.
        case ready
        /// Until its time limit, `Entry.due`.
        case running
        /// Until `Entry.due`: a pause before the next attempt, the merge window for more messages, or a timer's
        /// deadline.
        case waiting
        /// For a person's approval, until `Entry.due` if there is one.
        case awaitingApproval
    }

    struct Entry {
        var effect: OpenEffect
        var policy: EffectPolicy
        var phase = Phase.ready
        /// When the phase ends, in monotonic milliseconds.
        var due: Int64?
        /// Deltas recorded in this attempt.
        var deltas = 0
        /// The text that this attempt has streamed so far.
        var text = StreamedText.held("")
        /// Attempts that failed, in this process. Those that met nothing do not count.
        var failures = 0
        /// The effect meets nothing that does its work, since the attempt before.
        var outage: EffectOutage?
        /// When the first of the attempts failed that were not followed by text: microseconds since 1970.
        var failingSince: Int64?
        /// Attempts that were running when a process ended.
        var interruptions = 0
        /// The newest attempt was running when an earlier process ended.
        var wasInterrupted = false
        /// The newest lifecycle signal: the cause of the next one, so that they are applied in order.
        var lastSignal: SignalReference
        /// Trace context of the signal that ordered the effect.
        var traceparent: String?
        /// What a tool is asked to do.
        var call: ToolCall?
        /// A person has written the call's arguments in place of the model's.
        var hasEditedArguments = false

        var isRunning: Bool { phase == .running }

        /// Takes arguments that a person has written: the text of a JSON object.
        mutating func edit(_ arguments: String) {
            call?.arguments = arguments
            call?.unreadableArguments = nil
            hasEditedArguments = true
        }

        /// A client may show text of an answer that the next attempt does not continue.
        var mayHaveStreamed: Bool { effect.effectClass == .llm && (deltas > 0 || wasInterrupted) }
    }

    /// The meaning of a passed deadline.
    enum Due {
        case fire(EffectKey)
        case timeout(EffectKey)
        /// Nobody has approved the call in time.
        case expire(EffectKey)

        var key: EffectKey {
            switch self {
            case .fire(let key), .timeout(let key), .expire(let key): key
            }
        }
    }

    var entries: [EffectKey: Entry] = [:]
    private var byConversation: [ConversationID: Set<EffectKey>] = [:]
    private var lines: [ConversationID: TurnLine] = [:]
    var places: [EffectClass: ClassPlaces] = [:]
    private var deadlines = DueHeap()
    private(set) var timers = 0
    /// Bytes of the texts in memory.
    private(set) var textBytes = 0
    /// Effects whose text is only in the journal.
    private var recordedTexts: Set<EffectKey> = []
    private let textLimit: Int

    init(settings: EffectSettings) {
        textLimit = settings.streamedTextLimit
        for effectClass in EffectClass.allCases {
            places[effectClass] = ClassPlaces(limit: settings.policy(of: effectClass).maxConcurrent)
        }
    }

    /// Without timers.
    var count: Int { entries.count - timers }
    var hasStartable: Bool { places.values.contains { $0.hasStartable } }
    /// The next deadline, in monotonic milliseconds.
    var nextDue: Int64? { deadlines.next }

    func entry(_ key: EffectKey) -> Entry? { entries[key] }

    /// The slots in use and wanted.
    var placeUse: PlaceUse {
        func use(_ effectClass: EffectClass) -> PlaceUse.Count {
            PlaceUse.Count(
                running: places[effectClass]?.running ?? 0, queued: places[effectClass]?.queued ?? 0)
        }
        return PlaceUse(llm: use(.llm), tool: use(.tool))
    }

    /// Sets the maximum number of running attempts.
    mutating func setPlaces(_ limits: PlaceLimits) {
        places[.llm]?.limit = limits.llm
        places[.tool]?.limit = limits.tool
    }

    /// Effects of the class that wait for a slot.
    func waitingForPlace(_ effectClass: EffectClass) -> Int { places[effectClass]?.queued ?? 0 }

    // MARK: Opening

    /// - Parameters:
    ///   - due: the earliest start, in monotonic milliseconds; for a timer, the time when it fires.
    ///   - isTurnHeld: the conversation's answer continues, although none of its generations is open.
    mutating func open(_ entry: Entry, due: Int64?, isTurnHeld: Bool) {
        var entry = entry
        let key = entry.effect.key
        let conversation = entry.effect.conversation
        byConversation[conversation, default: []].insert(key)
        if entry.effect.effectClass == .timer { timers += 1 }
        entry.due = due
        guard entry.effect.effectClass == .llm else {
            entries[key] = entry
            return begin(key)
        }
        var line = lines[conversation] ?? TurnLine()
        let continues = entry.effect.round > 0 && !entry.effect.isRetry
        let mayStart = line.active == nil && (!isTurnHeld || continues)
        if mayStart { line.active = key } else { line.append(key) }
        lines[conversation] = line
        entry.phase = .held
        entries[key] = entry
        if entry.text == .recorded { recordedTexts.insert(key) }
        if mayStart { begin(key) }
    }

    /// Starts the next generation of a conversation, unless another one holds the turn.
    mutating func advance(_ conversation: ConversationID) {
        guard var line = lines[conversation], line.active == nil else { return }
        while let key = line.takeFirst() {
            // It may have ended while it waited.
            guard entries[key] != nil else { continue }
            line.activate(key)
            lines[conversation] = line
            begin(key)
            return
        }
        lines[conversation] = nil
    }

    /// Puts an effect where it waits for its first or next attempt.
    mutating func begin(_ key: EffectKey) {
        guard let slot = entries.index(forKey: key) else { return }
        if entries.values[slot].effect.awaitsApproval {
            entries.values[slot].phase = .awaitingApproval
            if let due = entries.values[slot].due { insertDeadline(key, at: due) }
        } else if let due = entries.values[slot].due {
            entries.values[slot].phase = .waiting
            insertDeadline(key, at: due)
        } else {
            entries.values[slot].phase = .ready
            places[entries.values[slot].effect.effectClass]?.queue(key)
        }
    }

    /// A person has allowed the call. False when it does not wait for that.
    /// - Parameter arguments: in place of the model's.
    mutating func approve(_ key: EffectKey, arguments: String?) -> Bool {
        guard entries[key]?.phase == .awaitingApproval else { return false }
        entries[key]?.effect.awaitsApproval = false
        entries[key]?.effect.dueAt = nil
        entries[key]?.due = nil
        if let arguments { entries[key]?.edit(arguments) }
        begin(key)
        return true
    }

    // MARK: Attempts

    /// The effects that start next, as they are before their next attempt.
    /// - Parameter freed: slots that may become free.
    func startable(freed: Int) -> [Entry] {
        EffectClass.allCases.flatMap { effectClass in
            let next = places[effectClass]?.next(freed: freed) ?? []
            return next.compactMap { key in entries[key].flatMap { $0.phase == .ready ? $0 : nil } }
        }
    }

    /// The effect that `start` may start, before its next attempt; nil if none waits or no slot is free.
    mutating func nextStartable() -> Entry? {
        for effectClass in EffectClass.allCases {
            while let key = places[effectClass]?.first {
                if let entry = entries[key], entry.phase == .ready { return entry }
                // It has ended while it waited.
                places[effectClass]?.removeFirst()
            }
        }
        return nil
    }

    /// Starts the effect from `nextStartable`: its attempt number grows by one.
    /// - Returns: the effect with its new attempt; its streaming data are those of the attempt before.
    mutating func start(_ key: EffectKey, now: Int64) -> Entry? {
        guard let slot = entries.index(forKey: key) else { return nil }
        var entry = entries.values[slot]
        let effectClass = entry.effect.effectClass
        places[effectClass]?.removeFirst()
        places[effectClass]?.leaveQueue()
        places[effectClass]?.running += 1
        entry.effect.attempt += 1
        entry.effect.dueAt = nil
        entry.phase = .running
        let due = now.saturatingAdd((entry.policy.timeout + Self.timeoutGrace).milliseconds)
        entry.due = due
        insertDeadline(key, at: due)
        forgetText(entry)
        entries.values[slot] = entry
        entries.values[slot].deltas = 0
        entries.values[slot].text = .held("")
        entries.values[slot].wasInterrupted = false
        return entry
    }

    /// A handler that observes its time limits reports better than we do what took so long.
    private static let timeoutGrace = Duration.seconds(2)

    /// Adds a delta of the running attempt; nil if the effect has ended or the attempt is not the newest.
    mutating func append(_ delta: EffectDelta, of effect: OpenEffect) -> Entry? {
        guard let slot = entries.index(forKey: effect.key), entries.values[slot].isRunning,
            entries.values[slot].effect.attempt == effect.attempt
        else { return nil }
        entries.values[slot].deltas += 1
        // It is there, and works.
        entries.values[slot].outage = nil
        entries.values[slot].failingSince = nil
        if delta.kind == .content, entries.values[slot].text.append(delta.text) { textBytes += delta.text.utf8.count }
        return entries.values[slot]
    }

    // MARK: Streamed texts

    /// Drops the longest texts while the total is too large. Few of them are read back later, and dropping long ones
    /// keeps the number of searches low. Not during a transaction, which may need them.
    mutating func releaseTexts() {
        while textBytes > textLimit {
            let longest = entries.values.indices.max {
                entries.values[$0].text.bytes < entries.values[$1].text.bytes
            }
            guard let longest else { preconditionFailure("\(textBytes) bytes of texts, but no effects") }
            textBytes -= entries.values[longest].text.bytes
            entries.values[longest].text = .recorded
            recordedTexts.insert(entries.keys[longest])
        }
    }

    /// The effects of a conversation whose text is only in the journal.
    func recordedTexts(of conversation: ConversationID) -> [EffectKey] {
        recordedTexts.isEmpty ? [] : effects(of: conversation).filter { recordedTexts.contains($0) }
    }

    /// The given effects whose text is only in the journal.
    func recorded(_ keys: Set<EffectKey>) -> Set<EffectKey> { keys.intersection(recordedTexts) }

    /// Restores a text read from the journal.
    mutating func restore(text: String, of key: EffectKey) {
        guard let slot = entries.index(forKey: key), recordedTexts.remove(key) != nil else { return }
        entries.values[slot].text = .held(text)
        textBytes += text.utf8.count
    }

    private mutating func forgetText(_ entry: Entry) {
        textBytes -= entry.text.bytes
        recordedTexts.remove(entry.effect.key)
    }

    /// What is due by now. What waited for its next attempt is ready from here on.
    mutating func takeDue(now: Int64) -> [Due] {
        var taken: [Due] = []
        while taken.count < Self.dueLimit, let item = deadlines.pop(until: now) {
            guard let slot = entries.index(forKey: item.key), entries.values[slot].due == item.at else { continue }
            switch entries.values[slot].phase {
            case .running: taken.append(.timeout(item.key))
            case .waiting where entries.values[slot].effect.effectClass == .timer: taken.append(.fire(item.key))
            case .waiting:
                entries.values[slot].due = nil
                begin(item.key)
            case .awaitingApproval: taken.append(.expire(item.key))
            case .held, .ready: break
            }
        }
        return taken
    }

    /// The maximum taken in one transaction; each ends an effect.
    private static let dueLimit = 500

    private mutating func insertDeadline(_ key: EffectKey, at time: Int64) {
        deadlines.insert(key, at: time)
        guard deadlines.count > 4 * entries.count + 1_024 else { return }
        // Most deadlines are those of attempts that ended in time.
        deadlines = DueHeap()
        for (key, entry) in entries {
            switch entry.phase {
            case .held, .ready: continue
            case .running, .waiting, .awaitingApproval: break
            }
            if let due = entry.due { deadlines.insert(key, at: due) }
        }
    }

    mutating func setLastSignal(_ signal: SignalReference, key: EffectKey) {
        guard let slot = entries.index(forKey: key) else { return }
        entries.values[slot].lastSignal = signal
    }

    mutating func setTraceparent(_ traceparent: String?, key: EffectKey) {
        guard let slot = entries.index(forKey: key) else { return }
        entries.values[slot].traceparent = traceparent
    }

    // MARK: Ending

    /// Ends an effect; nil if it has already ended: the first terminal signal wins.
    mutating func close(_ key: EffectKey) -> Entry? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        forgetText(entry)
        let conversation = entry.effect.conversation
        switch entry.phase {
        case .running: places[entry.effect.effectClass]?.running -= 1
        case .ready: places[entry.effect.effectClass]?.leaveQueue()
        case .held, .waiting, .awaitingApproval: break
        }
        if entry.effect.effectClass == .timer { timers -= 1 }
        byConversation[conversation]?.remove(key)
        if byConversation[conversation]?.isEmpty == true { byConversation[conversation] = nil }
        if entry.effect.effectClass == .llm {
            lines[conversation]?.remove(key)
            if lines[conversation]?.isEmpty == true { lines[conversation] = nil }
        }
        return entry
    }

    // MARK: Look-ups

    /// The open effects of a conversation, oldest first.
    func effects(of conversation: ConversationID) -> [EffectKey] {
        (byConversation[conversation] ?? []).sorted { ($0.cause, $0.ordinal) < ($1.cause, $1.ordinal) }
    }

    /// Whether a generation of the conversation holds the turn or waits for it.
    func hasGeneration(_ conversation: ConversationID) -> Bool { lines[conversation] != nil }

    /// Effects of the conversation that its next signal may start: the next generation in turn, and calls that wait for
    /// approval.
    func startableNext(of conversation: ConversationID) -> [Entry] {
        guard let keys = byConversation[conversation] else { return [] }
        let next = lines[conversation]?.waiting.first { entries[$0] != nil }
        return keys.compactMap { entries[$0] }.filter { $0.phase == .awaitingApproval || $0.effect.key == next }
    }

    /// Untried generations that answer a message, oldest first.
    func untriedGenerations(_ conversation: ConversationID) -> [EffectKey] {
        guard let line = lines[conversation] else { return [] }
        return ([line.active].compactMap(\.self) + line.waiting).filter { key in
            entries[key].map { $0.effect.attempt == 0 && $0.effect.round == 0 } ?? false
        }
    }

    /// The matching open effect of a conversation; nil without one.
    func find(_ target: EffectTarget, in conversation: ConversationID) -> EffectKey? {
        if let id = target.effectID { return find(effectID: id, in: conversation) }
        guard let call = target.toolCallID else { return nil }
        return effects(of: conversation).first { entries[$0]?.call?.id == call }
    }

    /// The newest with that id: two messages of different sources may have the same.
    func find(effectID: String, in conversation: ConversationID) -> EffectKey? {
        effects(of: conversation).last { entries[$0]?.effect.effectID == effectID }
    }
}
