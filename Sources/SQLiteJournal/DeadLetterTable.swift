import JournalPort
import SQLite
import Signals

/// Reads dead letters.
final class DeadLetterTable {
    private let byPosition: Statement
    private let after: Statement

    init(_ database: Database) throws(JournalError) {
        let columns = "position, conversation, reason, at"
        byPosition = try database.prepare("SELECT \(columns) FROM dead_letters WHERE position = ?1")
        // There are few, so those of one conversation are searched among all.
        after = try database.prepare(
            """
            SELECT \(columns) FROM dead_letters
            WHERE position > ?1 AND (?2 IS NULL OR conversation = ?2) ORDER BY position LIMIT ?3
            """)
    }

    func find(_ position: Position) throws(JournalError) -> DeadLetter? {
        defer { byPosition.reset() }
        byPosition.bind(1, position.rawValue)
        return try byPosition.step() ? Self.decode(byPosition) : nil
    }

    func list(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        defer { after.reset() }
        after.bind(1, position.rawValue)
        if let conversation { after.bind(2, conversation.rawValue) } else { after.bindNull(2) }
        after.bind(3, limit)
        var letters: [DeadLetter] = []
        while try after.step() { letters.append(Self.decode(after)) }
        return letters
    }

    private static func decode(_ row: Statement) -> DeadLetter {
        DeadLetter(
            position: Position(row.integer(0)), conversation: ConversationID(row.integer(1)),
            reason: row.text(2).flatMap(DeadLetter.Reason.init(rawValue:)) ?? .unknown, at: row.integer(3))
    }
}
