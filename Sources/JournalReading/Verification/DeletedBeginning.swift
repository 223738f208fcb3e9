import JournalPort
import Signals

/// A conversation whose first records were deleted: what is left of it says where it goes on.
struct DeletedBeginning {
    private var families: Set<Family> = []
    /// Whether a marker has told the digest by now.
    var hasDigest = false

    /// Takes over the place before a record, the first one that is left.
    mutating func begin(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        conversation.head = record.previous
        conversation.offset = record.offset - 1
        self = DeletedBeginning()
    }

    /// Takes over the sequence before the first record of its family that is left.
    mutating func count(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        guard let family = record.family, families.insert(family).inserted else { return }
        conversation.sequences[Int(family.rawValue)] = record.sequence - 1
    }

    /// Takes over what no record tells any more.
    func complete(_ conversation: inout ConversationRecord, from saved: ConversationRecord) {
        for family in Family.allCases where !families.contains(family) {
            conversation.sequences[Int(family.rawValue)] = saved.sequences[Int(family.rawValue)]
        }
        if !hasDigest { conversation.core = saved.core }
    }
}
