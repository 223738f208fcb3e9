import JournalPort
import Signals

/// A conversation whose first records were deleted: its remaining records tell where it continues.
struct DeletedBeginning {
    private var families: Set<Family> = []
    /// Whether a marker has supplied the digest.
    var hasDigest = false

    /// Adopts the place before a record, the first one that is left.
    mutating func begin(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        conversation.head = record.previous
        conversation.offset = record.offset - 1
        self = DeletedBeginning()
    }

    /// Adopts the sequence before the first record of its family that is left.
    mutating func count(_ record: JournalRecord, in conversation: inout ConversationRecord) {
        guard let family = record.family, families.insert(family).inserted else { return }
        conversation.sequences[Int(family.rawValue)] = record.sequence - 1
    }

    /// Adopts what the records no longer contain.
    func complete(_ conversation: inout ConversationRecord, from saved: ConversationRecord) {
        for family in Family.allCases where !families.contains(family) {
            conversation.sequences[Int(family.rawValue)] = saved.sequences[Int(family.rawValue)]
        }
        if !hasDigest { conversation.core = saved.core }
    }
}
