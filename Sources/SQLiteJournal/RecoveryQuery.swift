import JournalPort
import Signals
import SQLite

/// Reads what a start-up begins with. Call it in a transaction where somebody else writes.
enum RecoveryQuery {
    static func point(_ database: Database, partitionCount: Int) throws(JournalError) -> RecoveryPoint {
        let effects = try effects(database)
        return RecoveryPoint(
            checkpoint: try cursor("checkpoint", database), pending: try pending(database),
            applyOrders: try applyOrders(database, partitionCount: partitionCount),
            lastPosition: Position(try database.number("SELECT coalesce(max(position), 0) FROM journal")),
            lastConversation: ConversationID(try database.number("SELECT coalesce(max(id), 0) FROM conversations")),
            outboxCursor: try cursor("outbox", database), openEffects: effects.open,
            unreadableEffects: effects.unreadable,
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

    private static func effects(
        _ database: Database
    ) throws(JournalError) -> (open: [OpenEffect], unreadable: [UnreadableEffect]) {
        let rows = try database.prepare(
            """
            SELECT \(EffectTable.columns) FROM effects e LEFT JOIN conversations c ON c.id = e.conversation
            ORDER BY e.cause, e.ordinal
            """)
        var open: [OpenEffect] = []
        var unreadable: [UnreadableEffect] = []
        while try rows.step() {
            switch EffectTable.decode(rows) {
            case .success(let effect): open.append(effect)
            case .failure(let effect): unreadable.append(effect)
            }
        }
        return (open, unreadable)
    }
}
