import JournalPort
import Signals

extension EffectReplay {
    /// Compares the open effects with the journal's rows. The rows are read page by page and may be newer than the last
    /// replayed record, so a conversation that has grown meanwhile is skipped.
    /// - Parameters:
    ///   - last: the position of that record.
    ///   - conversation: the only replayed conversation; nil for several.
    ///   - subjects: of the conversations to check; nil for others.
    func compare(
        with journal: VerificationReader, through last: Position, of conversation: ConversationID?,
        subjects: (ConversationID) -> String?
    ) throws(VerificationStop) {
        var unlisted = open
        var key: EffectKey?
        while true {
            let page = try journal.storedEffects(after: key, of: conversation)
            guard let newest = page.last else { break }
            key = newest.key
            for row in page {
                guard let subject = subjects(row.conversation) else { continue }
                let isExpected = unlisted.removeValue(forKey: row.key) != nil
                if case .open = row, isExpected { continue }
                if try journal.hasGrown(row.conversation, since: last) { continue }
                throw .difference(
                    JournalDifference(.effect, Self.problem(with: row), subject: subject, position: row.key.cause))
            }
        }
        try checkUnlisted(unlisted, journal, through: last, subjects)
    }

    private static func problem(with row: StoredEffect) -> String {
        switch row {
        case .unreadable(let effect): "open effect \(effect.key) cannot be read: \(effect.reason)"
        case .open(let effect): "effect \(effect.key) is open, but no record orders it, or a record ends it"
        }
    }

    /// Open effects that the journal does not list.
    private func checkUnlisted(
        _ unlisted: [EffectKey: ConversationID], _ journal: VerificationReader, through last: Position,
        _ subjects: (ConversationID) -> String?
    ) throws(VerificationStop) {
        let ordered = unlisted.sorted { ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal) }
        for (key, conversation) in ordered where try !journal.hasGrown(conversation, since: last) {
            if try journal.isDeleted(key.cause) { continue }
            throw .difference(
                JournalDifference(
                    .effect, "effect \(key) has no completed, failed or canceled signal and is not open either",
                    subject: subjects(conversation), position: key.cause))
        }
    }
}
