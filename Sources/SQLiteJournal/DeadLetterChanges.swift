import JournalPort
import SQLite
import Signals

/// Writes dead letters, and moves them back among the pending.
final class DeadLetterChanges {
    private let insertRow: Statement
    private let deleteRow: Statement
    private let discardRow: Statement
    private let insertPending: Statement

    init(_ database: Database) throws(JournalError) {
        insertRow = try database.prepare(
            insertInto: "dead_letters", ["position", "conversation", "reason", "at"])
        deleteRow = try database.prepare("DELETE FROM dead_letters WHERE position = ?1")
        discardRow = try database.prepare("UPDATE dead_letters SET reason = 'discarded' WHERE position = ?1")
        insertPending = try database.prepare("INSERT OR IGNORE", insertInto: "pending", ["position"])
    }

    func insert(_ letter: DeadLetter) throws(JournalError) {
        insertRow.append(letter.position.rawValue)
        insertRow.append(letter.conversation.rawValue)
        insertRow.append(letter.reason.rawValue)
        insertRow.append(letter.at)
        try insertRow.run()
    }

    /// A start-up reads only the records after the checkpoint, so the signal must be listed as pending.
    func redrive(_ position: Position) throws(JournalError) {
        deleteRow.bind(1, position.rawValue)
        try deleteRow.run()
        insertPending.bind(1, position.rawValue)
        try insertPending.run()
    }

    func discard(_ position: Position) throws(JournalError) {
        discardRow.bind(1, position.rawValue)
        try discardRow.run()
    }
}
