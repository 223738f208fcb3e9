import JournalPort
import Signals

/// Writes checkpoints and cursors.
final class CheckpointTables {
    private let insertIdentity: Statement
    private let insertPending: Statement
    private let deletePending: Statement
    private let setApplyOrder: Statement
    private let setCursor: Statement

    init(_ database: Database) throws(JournalError) {
        insertIdentity = try database.prepare("INSERT OR IGNORE", insertInto: "identities", ["hash", "position"])
        insertPending = try database.prepare(insertInto: "pending", ["position"])
        deletePending = try database.prepare("DELETE FROM pending WHERE position = ?1")
        setApplyOrder = try database.prepare(
            "INSERT OR REPLACE", insertInto: "partitions", ["partition", "apply_order"])
        setCursor = try database.prepare("UPDATE cursors SET position = ?1 WHERE name = ?2")
    }

    /// A part of the identities of the next checkpoint. After a crash some already exist.
    func write(identities: [(hash: UInt64, position: Position)]) throws(JournalError) {
        for entry in identities {
            insertIdentity.append(Int64(bitPattern: entry.hash))
            insertIdentity.append(entry.position.rawValue)
            try insertIdentity.run()
        }
    }

    func write(_ checkpoint: Checkpoint) throws(JournalError) {
        for position in checkpoint.pendingRemoved {
            deletePending.append(position.rawValue)
            try deletePending.run()
        }
        for position in checkpoint.pendingAdded {
            insertPending.append(position.rawValue)
            try insertPending.run()
        }
        for (partition, order) in checkpoint.applyOrders.enumerated() where order > 0 {
            setApplyOrder.append(partition)
            setApplyOrder.append(order)
            try setApplyOrder.run()
        }
        try move("checkpoint", to: checkpoint.through)
    }

    func move(_ cursor: String, to position: Position) throws(JournalError) {
        setCursor.append(position.rawValue)
        setCursor.append(cursor)
        try setCursor.run()
    }
}
