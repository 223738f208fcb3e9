import JournalPort
import SQLite

/// Writes dead letters, and moves them back among the pending.
final class DeadLetterChanges {
    private let insertRow: Statement
    private let deleteRow: Statement
    private let discardRow: Statement
    private let insertPending: Statement

    init(_ database: Database) throws(JournalError) {
        insertRow = try database.prepare("INSERT INTO dead_letters VALUES (?1, ?2, ?3, ?4)")
        deleteRow = try database.prepare("DELETE FROM dead_letters WHERE position = ?1")
        discardRow = try database.prepare("UPDATE dead_letters SET reason = 'discarded' WHERE position = ?1")
        insertPending = try database.prepare("INSERT OR IGNORE INTO pending VALUES (?1)")
    }

    func insert(_ letter: DeadLetter) throws(JournalError) {
        insertRow.bind(1, letter.position.rawValue)
        insertRow.bind(2, letter.conversation.rawValue)
        insertRow.bind(3, letter.reason.rawValue)
        insertRow.bind(4, letter.at)
        try insertRow.run()
    }

    /// A start-up reads only what was recorded after the checkpoint, so the signal must be listed among the pending.
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
