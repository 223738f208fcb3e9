import JournalPort
import SQLite
import Signals

/// Reads the data with which a start-up begins. Call it in a transaction if another connection writes.
enum RecoveryQuery {
    static func point(_ database: Database, partitionCount: Int) throws(JournalError) -> RecoveryPoint {
        let start = try cursor("start", database)
        return RecoveryPoint(
            start: start, checkpoint: try cursor("checkpoint", database),
            applyOrders: try applyOrders(database, partitionCount: partitionCount),
            lastPosition: max(start, try newest("position", of: "journal", database), try lastDeleted(database)),
            lastConversation: ConversationID(try newest("id", of: "conversations", database).rawValue),
            outboxCursor: try cursor("outbox", database),
            newestPending: try newest("position", of: "pending", database),
            newestEffectCause: try newest("cause", of: "effects", database),
            deadLetters: Int(try database.number("SELECT count(*) FROM dead_letters WHERE reason <> 'discarded'")))
    }

    private static func lastDeleted(_ database: Database) throws(JournalError) -> Position {
        Position(
            try database.number(
                "SELECT coalesce((SELECT last FROM deleted_positions ORDER BY first DESC LIMIT 1), 0)"))
    }

    /// The last entry of a primary key; 0 if there are no rows.
    private static func newest(
        _ column: String, of table: String, _ database: Database
    ) throws(JournalError) -> Position {
        Position(try database.number("SELECT coalesce(max(\(column)), 0) FROM \(table)"))
    }

    private static func cursor(_ name: String, _ database: Database) throws(JournalError) -> Position {
        Position(try database.number("SELECT position FROM cursors WHERE name = '\(name)'"))
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
}
