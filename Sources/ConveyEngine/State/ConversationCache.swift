import JournalPort
import Signals

/// The conversations in memory, up to a limit: the least recently used leave first (clock algorithm: O(1) on average).
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
