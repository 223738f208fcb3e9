import JournalPort
import Signals

/// The data that a step lacks. A transaction passes it to the next one, which fetches the data and continues there.
struct Wanted {
    var records: Set<Position> = []
    var conversations: Set<ConversationID> = []
    var texts: Set<EffectKey> = []
    /// Answers that have failed.
    var retries: Set<RetryWish> = []

    var isEmpty: Bool { records.isEmpty && conversations.isEmpty && texts.isEmpty && retries.isEmpty }

    func union(_ other: Wanted?) -> Wanted {
        guard let other else { return self }
        return Wanted(
            records: records.union(other.records), conversations: conversations.union(other.conversations),
            texts: texts.union(other.texts), retries: retries.union(other.retries))
    }
}
