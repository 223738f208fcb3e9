import Conversation
import JournalPort
import SQLite
import Signals

/// Reads open effects.
final class EffectTable {
    private let after: Statement
    private let rowsAfter: Statement

    /// The columns that `decode` reads, of `effects e` and `conversations c`.
    private static let columns = """
        e.cause, e.ordinal, e.conversation, c.subject, e.class, e.kind, e.effect_id, e.cause_id, e.attempt, e.round,
        e.answers, e.policy, e.due_at, e.awaits_approval
        """

    init(_ database: Database) throws(JournalError) {
        after = try database.prepare(
            """
            SELECT \(Self.columns), j.offset, j.recorded_at FROM effects e
            CROSS JOIN conversations c ON c.id = e.conversation CROSS JOIN journal j ON j.position = e.cause
            WHERE (e.cause, e.ordinal) > (?1, ?2) ORDER BY e.cause, e.ordinal LIMIT ?3
            """)
        rowsAfter = try database.prepare(
            """
            SELECT \(Self.columns) FROM effects e LEFT JOIN conversations c ON c.id = e.conversation
            WHERE (e.cause, e.ordinal) > (?1, ?2) AND (?4 IS NULL OR e.conversation = ?4)
            ORDER BY e.cause, e.ordinal LIMIT ?3
            """)
    }

    /// Up to `limit` rows after a key, or the first, ascending; for one conversation or for all.
    func rows(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        defer { rowsAfter.reset() }
        rowsAfter.bind(1, key?.cause.rawValue ?? 0)
        rowsAfter.bind(2, key?.ordinal ?? 0)
        rowsAfter.bind(3, limit)
        if let conversation { rowsAfter.bind(4, conversation.rawValue) } else { rowsAfter.bindNull(4) }
        var rows: [StoredEffect] = []
        while try rowsAfter.step() { rows.append(Self.decode(rowsAfter)) }
        return rows
    }

    /// Up to `limit` effects after a key, or the first, ascending. One statement, and therefore one read transaction.
    func list(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        defer { after.reset() }
        after.bind(1, key?.cause.rawValue ?? 0)
        after.bind(2, key?.ordinal ?? 0)
        after.bind(3, limit)
        var effects: [EffectUnderWay] = []
        while try after.step() {
            // An unreadable row affects one conversation, which recovery sets aside.
            guard case .open(let effect) = Self.decode(after) else { continue }
            effects.append(
                EffectUnderWay(effect: effect, causeOffset: after.integer(14), orderedAt: after.integer(15)))
        }
        return effects
    }

    private static func decode(_ row: Statement) -> StoredEffect {
        let key = EffectKey(cause: Position(row.integer(0)), ordinal: Int(row.integer(1)))
        let conversation = ConversationID(row.integer(2))
        func unreadable(_ reason: String) -> StoredEffect {
            .unreadable(UnreadableEffect(key: key, conversation: conversation, reason: reason))
        }
        guard let subject = row.text(3) else { return unreadable("its conversation has no row") }
        guard let effectClass = row.text(4).flatMap(EffectClass.init(rawValue:)), let kind = row.text(5),
            kind == effectClass.kind
        else { return unreadable("it has class \(row.text(4) ?? "none"), kind \(row.text(5) ?? "none")") }
        guard row.integer(8) >= 0, row.integer(9) >= 0 else { return unreadable("its attempt or round is negative") }
        return .open(
            OpenEffect(
                key: key, conversation: conversation, subject: subject, effectClass: effectClass, kind: kind,
                effectID: row.text(6) ?? "", causeID: row.text(7) ?? "", attempt: Int(row.integer(8)),
                round: Int(row.integer(9)), answers: row.text(10), policy: row.isNull(11) ? nil : row.bytes(11),
                dueAt: row.isNull(12) ? nil : row.integer(12), awaitsApproval: row.integer(13) != 0))
    }
}
