import JournalPort
import Signals

/// Conversations from which records or contents were removed that their state depends on. Their places, hashes and
/// digests are checked, but not the consequences of the contents.
struct IncompleteConversations {
    private var ids: Set<ConversationID> = []
    /// Those whose first records were deleted.
    private var beginnings: [ConversationID: DeletedBeginning] = [:]

    func contains(_ id: ConversationID) -> Bool { ids.contains(id) }

    /// - Returns: whether the conversation was complete before.
    mutating func insert(_ id: ConversationID) -> Bool { ids.insert(id).inserted }

    /// The records before this one were deleted: the conversation continues from this one.
    mutating func begin(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        beginnings[conversation.id, default: DeletedBeginning()].begin(record, in: &conversation)
    }

    /// Adopts a record's sequence if it is the first of its family that is left.
    mutating func count(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        beginnings[conversation.id]?.count(record, in: &conversation)
    }

    /// Whether the digest of the conversation's state is known: not before the first marker after a deleted beginning.
    func hasDigest(_ id: ConversationID) -> Bool { beginnings[id]?.hasDigest ?? true }

    /// Adopts a marker's digest unchecked, because the records that lead to it were deleted.
    mutating func goOn(behind marker: Marker, of conversation: inout ConversationRecord) {
        beginnings[conversation.id, default: DeletedBeginning()].hasDigest = true
        conversation.core.skip(to: marker.digest)
    }

    /// Adopts from the saved conversation what the remaining records cannot supply.
    func complete(
        _ replayed: inout ConversationRecord, from saved: ConversationRecord
    ) throws(JournalDifference) {
        guard contains(saved.id) else { return }
        beginnings[saved.id]?.complete(&replayed, from: saved)
        guard replayed.core.state.digest == saved.core.state.digest else {
            throw JournalDifference(
                .savedConversation, "it is saved as of position \(saved.through) with a digest unlike the replayed one",
                subject: saved.subject)
        }
        replayed.core = saved.core
    }
}
