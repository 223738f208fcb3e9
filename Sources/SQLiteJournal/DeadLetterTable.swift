import ConveyRuntime

/// The signals that were set aside.
final class DeadLetterTable {
    private let insertRow: Statement
    private let deleteRow: Statement
    private let discardRow: Statement
    private let insertPending: Statement
    private let contained: Statement
    private let page: Statement

    init(_ database: Database) throws(JournalError) {
        insertRow = try database.prepare("INSERT INTO dead_letters VALUES (?1, ?2, ?3, ?4)")
        deleteRow = try database.prepare("DELETE FROM dead_letters WHERE position = ?1")
        discardRow = try database.prepare("UPDATE dead_letters SET reason = 'discarded' WHERE position = ?1")
        insertPending = try database.prepare("INSERT OR IGNORE INTO pending VALUES (?1)")
        contained = try database.prepare("SELECT 1 FROM dead_letters WHERE position = ?1")
        page = try database.prepare(
            """
            SELECT position, conversation, reason, at FROM dead_letters WHERE position >= ?1 ORDER BY position LIMIT ?2
            """)
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

    func contains(_ position: Position) throws(JournalError) -> Bool {
        defer { contained.reset() }
        contained.bind(1, position.rawValue)
        return try contained.step()
    }

    func letter(at position: Position) throws(JournalError) -> DeadLetter? {
        let found = try list(from: position, limit: 1).first
        return found?.position == position ? found : nil
    }

    func list(after position: Position, limit: Int) throws(JournalError) -> [DeadLetter] {
        try list(from: position.next, limit: limit)
    }

    private func list(from position: Position, limit: Int) throws(JournalError) -> [DeadLetter] {
        defer { page.reset() }
        page.bind(1, position.rawValue)
        page.bind(2, limit)
        var letters: [DeadLetter] = []
        while try page.step() {
            let name = page.text(2) ?? "none"
            guard let reason = DeadLetter.Reason(rawValue: name) else {
                throw JournalError(.corrupt, "the dead letter at position \(page.integer(0)) has the reason \(name)")
            }
            letters.append(
                DeadLetter(
                    position: Position(page.integer(0)), conversation: ConversationID(page.integer(1)), reason: reason,
                    at: page.integer(3)))
        }
        return letters
    }
}
