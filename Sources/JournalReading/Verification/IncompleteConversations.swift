import JournalPort
import Signals

/// Conversations from which records or contents were removed that their state depends on. Their places, hashes and digests
/// are checked, but not what follows from the contents.
struct IncompleteConversations {
    private var ids: Set<ConversationID> = []
    /// Those of them whose first records were deleted.
    private var beginnings: [ConversationID: DeletedBeginning] = [:]

    func contains(_ id: ConversationID) -> Bool { ids.contains(id) }

    /// - Returns: whether it was complete before.
    mutating func insert(_ id: ConversationID) -> Bool { ids.insert(id).inserted }

    /// The records before this one were deleted: the conversation goes on from what this one says.
    mutating func begin(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        beginnings[conversation.id, default: DeletedBeginning()].begin(record, in: &conversation)
    }

    /// Takes a record's sequence over where it is the first of its family that is left.
    mutating func count(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        beginnings[conversation.id]?.count(record, in: &conversation)
    }

    /// Whether the digest of the conversation's state is known: not before the first marker behind a deleted beginning.
    func hasDigest(_ id: ConversationID) -> Bool { beginnings[id]?.hasDigest ?? true }

    /// Takes a marker's digest as it is, because what leads to it was deleted.
    mutating func goOn(behind marker: Marker, of conversation: inout ConversationRecord) {
        beginnings[conversation.id, default: DeletedBeginning()].hasDigest = true
        conversation.core.skip(to: marker.digest)
    }

    /// Takes over from the saved conversation what the records that are left cannot give.
    func complete(
        _ replayed: inout ConversationRecord, from saved: ConversationRecord
    ) throws(JournalDifference) {
        guard contains(saved.id) else { return }
        beginnings[saved.id]?.complete(&replayed, from: saved)
        guard replayed.core.state.digest == saved.core.state.digest else {
            throw JournalDifference(
                .savedConversation, "it is saved as of position \(saved.through) with another digest than replay gives",
                subject: saved.subject)
        }
        replayed.core = saved.core
    }
}
