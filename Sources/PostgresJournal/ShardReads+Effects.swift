import Conversation
import JournalPort
import PostgreSQL
import Signals

extension ShardReads {
    /// Returns up to `limit` rows after a key, or the first ones, ascending; of one conversation or of all.
    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        let rows = try session.run(
            Call(
                """
                SELECT \(EffectColumns.selected) FROM \(schema.table("effects")) e
                LEFT JOIN \(schema.table("conversations")) c ON c.id = e.conversation
                WHERE (e.cause, e.ordinal) > ($1, $2) AND ($4::bigint IS NULL OR e.conversation = $4)
                ORDER BY e.cause, e.ordinal LIMIT $3
                """,
                [
                    .integer(key?.cause.rawValue ?? 0), .integer(Int64(key?.ordinal ?? 0)), .integer(Int64(limit)),
                    .integer(conversation?.rawValue),
                ]))
        return (0..<rows.count).map { EffectColumns.effect(rows, $0) }
    }

    /// Returns up to `limit` effects after a key, or the first ones, ascending.
    func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        let rows = try session.run(
            Call(
                """
                SELECT \(EffectColumns.selected), j."offset", j.recorded_at FROM \(schema.table("effects")) e
                JOIN \(schema.table("conversations")) c ON c.id = e.conversation
                JOIN \(schema.table("journal")) j ON j.position = e.cause
                WHERE (e.cause, e.ordinal) > ($1, $2) ORDER BY e.cause, e.ordinal LIMIT $3
                """,
                [
                    .integer(key?.cause.rawValue ?? 0), .integer(Int64(key?.ordinal ?? 0)), .integer(Int64(limit)),
                ]))
        return (0..<rows.count).compactMap { row in
            // An unreadable row affects one conversation, which recovery sets aside.
            guard case .open(let effect) = EffectColumns.effect(rows, row) else { return nil }
            return EffectUnderWay(
                effect: effect, causeOffset: rows.integer(row, 14), orderedAt: rows.integer(row, 15))
        }
    }
}
