import JournalPort
import Signals

extension ConversationRecord {
    /// Moves on to the next record, whose place must follow from the previous one.
    mutating func advance(to record: JournalRecord) throws(JournalDifference) {
        guard let family = record.family else {
            throw JournalDifference(.signal, "its type belongs to no family", record, subject: subject)
        }
        let place = advance(to: record.position, family: family)
        guard record.offset == place.offset else {
            throw JournalDifference(
                .offset, "the offset is \(record.offset), but the one before it is \(place.offset - 1)", record,
                subject: subject)
        }
        guard record.previous == place.previous else {
            throw JournalDifference(
                .chain,
                "it names position \(record.previous) as the previous record, but that is at \(place.previous)",
                record, subject: subject)
        }
        guard record.sequence == place.sequence else {
            throw JournalDifference(
                .sequence,
                "the \(family.name) sequence is \(record.sequence), but the one before it is \(place.sequence - 1)",
                record, subject: subject)
        }
    }

    /// The difference between this saved conversation and the replayed one as of its `through`; nil if there is none.
    func difference(from replayed: ConversationRecord) -> JournalDifference? {
        var replayed = replayed
        replayed.through = through
        guard replayed != self else { return nil }
        let what: String
        if replayed.head != head {
            what = "head \(head), but replay gives \(replayed.head)"
        } else if replayed.offset != offset {
            what = "offset \(offset), but replay gives \(replayed.offset)"
        } else if replayed.sequences != sequences {
            what = "sequences \(sequences), but replay gives \(replayed.sequences)"
        } else if replayed.core.canceledThrough != core.canceledThrough {
            what = "canceled_through \(core.canceledThrough), but replay gives \(replayed.core.canceledThrough)"
        } else if replayed.core.configured != core.configured {
            what = "a newest configuration that replay does not give"
        } else {
            what = "a state that replay does not give"
        }
        return JournalDifference(
            .savedConversation, "it is saved as of position \(through) with \(what)", subject: subject)
    }

    /// Why it could not be loaded; nil if it could.
    var damageDifference: JournalDifference? {
        damage.map { damage in
            let reason =
                switch damage {
                case .unreadable(let reason), .changed(let reason): reason
                case .setAside(let reason): "Convey has set it aside: \(reason)"
                }
            return JournalDifference(.savedConversation, reason, subject: subject)
        }
    }
}
