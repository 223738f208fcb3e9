import JournalPort
import Signals

/// A conversation in memory. Belongs to the engine's thread.
final class ActiveConversation {
    var record: ConversationRecord
    /// Signals of it that wait in the partition: it stays in memory while there are any.
    var pending = 0
    /// Of them, those whose application may let an answer go on.
    var pendingTurns = 0
    /// The data of the newest `conv.in.conversation.configured`, once it was needed.
    var configuration: (position: Position, data: [UInt8])?
    /// Changed since it was last saved.
    var isDirty = false
    /// Used since the clock hand last passed.
    fileprivate var wasUsed = true

    init(_ record: ConversationRecord) {
        self.record = record
    }

    /// It cannot be loaded: what is recorded in it waits.
    var isSetAside: Bool { record.damage != nil }

    /// An answer goes on, or may: no other one starts until that is decided.
    var isTurnHeld: Bool { pendingTurns > 0 || record.core.state.toolLoop != nil }
}

/// The conversations in memory, up to a limit: those not used for longest leave first (clock algorithm: O(1) on average).
struct ConversationCache {
    private var bySubject: [ExactText: ActiveConversation] = [:]
    private var byID: [ConversationID: ActiveConversation] = [:]
    private var clock: [ActiveConversation] = []
    private var hand = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { clock.count }

    func find(subject: String) -> ActiveConversation? {
        guard let conversation = bySubject[ExactText(subject)] else { return nil }
        conversation.wasUsed = true
        return conversation
    }

    func find(id: ConversationID) -> ActiveConversation? {
        guard let conversation = byID[id] else { return nil }
        conversation.wasUsed = true
        return conversation
    }

    mutating func insert(_ record: ConversationRecord) -> ActiveConversation {
        let conversation = ActiveConversation(record)
        bySubject[ExactText(record.subject)] = conversation
        byID[record.id] = conversation
        clock.append(conversation)
        return conversation
    }

    /// Drops conversations over the limit and returns the changed ones among them, which must be saved.
    mutating func evict() -> [ConversationRecord] {
        var changed: [ConversationRecord] = []
        var looked = 0
        while clock.count > limit, looked < 2 * clock.count {
            if hand >= clock.count { hand = 0 }
            let candidate = clock[hand]
            looked += 1
            if candidate.wasUsed || candidate.pending > 0 || candidate.isSetAside {
                candidate.wasUsed = false
                hand += 1
                continue
            }
            clock.swapAt(hand, clock.count - 1)
            clock.removeLast()
            bySubject[ExactText(candidate.record.subject)] = nil
            byID[candidate.record.id] = nil
            if candidate.isDirty { changed.append(candidate.record) }
            candidate.isDirty = false
        }
        return changed
    }

    /// The conversations changed since they were last saved.
    var dirty: [ActiveConversation] { clock.filter(\.isDirty) }
}
