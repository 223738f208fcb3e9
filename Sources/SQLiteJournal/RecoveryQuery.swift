import Conversation
import ConveyRuntime

/// Reads what a start-up begins with. Call it in a transaction where somebody else writes.
enum RecoveryQuery {
    static func point(_ database: Database, partitionCount: Int) throws(JournalError) -> RecoveryPoint {
        RecoveryPoint(
            checkpoint: try cursor("checkpoint", database), pending: try pending(database),
            applyOrders: try applyOrders(database, partitionCount: partitionCount),
            lastPosition: Position(try database.number("SELECT coalesce(max(position), 0) FROM journal")),
            lastConversation: ConversationID(try database.number("SELECT coalesce(max(id), 0) FROM conversations")),
            outboxCursor: try cursor("outbox", database), openEffects: try openEffects(database),
            deadLetters: Int(try database.number("SELECT count(*) FROM dead_letters WHERE reason <> 'discarded'")))
    }

    private static func cursor(_ name: String, _ database: Database) throws(JournalError) -> Position {
        Position(try database.number("SELECT position FROM cursors WHERE name = '\(name)'"))
    }

    private static func pending(_ database: Database) throws(JournalError) -> [Position] {
        let rows = try database.prepare("SELECT position FROM pending ORDER BY position")
        var positions: [Position] = []
        while try rows.step() { positions.append(Position(rows.integer(0))) }
        return positions
    }

    private static func applyOrders(_ database: Database, partitionCount: Int) throws(JournalError) -> [Int64] {
        var orders = [Int64](repeating: 0, count: partitionCount)
        let rows = try database.prepare("SELECT partition, apply_order FROM partitions")
        while try rows.step() {
            let partition = Int(rows.integer(0))
            guard orders.indices.contains(partition) else {
                throw JournalError(.corrupt, "partition \(partition) of \(partitionCount)")
            }
            orders[partition] = rows.integer(1)
        }
        return orders
    }

    private static func openEffects(_ database: Database) throws(JournalError) -> [OpenEffect] {
        let rows = try database.prepare(
            """
            SELECT e.cause, e.ordinal, e.conversation, c.subject, e.class, e.kind, e.effect_id, e.cause_id, e.attempt,
                   e.round, e.answers, e.policy, e.due_at, e.awaits_approval
            FROM effects e JOIN conversations c ON c.id = e.conversation ORDER BY e.cause, e.ordinal
            """)
        var effects: [OpenEffect] = []
        while try rows.step() {
            guard let effectClass = rows.text(4).flatMap(EffectClass.init(rawValue:)) else {
                throw JournalError(.corrupt, "effect \(rows.integer(0)) has class \(rows.text(4) ?? "none")")
            }
            effects.append(
                OpenEffect(
                    key: EffectKey(cause: Position(rows.integer(0)), ordinal: Int(rows.integer(1))),
                    conversation: ConversationID(rows.integer(2)), subject: rows.text(3) ?? "",
                    effectClass: effectClass, kind: rows.text(5) ?? "", effectID: rows.text(6) ?? "",
                    causeID: rows.text(7) ?? "", attempt: Int(rows.integer(8)), round: Int(rows.integer(9)),
                    answers: rows.text(10), policy: rows.isNull(11) ? nil : rows.bytes(11),
                    dueAt: rows.isNull(12) ? nil : rows.integer(12), awaitsApproval: rows.integer(13) != 0))
        }
        return effects
    }
}
