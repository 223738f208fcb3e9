import JournalPort
import Signals

/// Reads the list of pending positions.
final class PendingTable {
    private let after: Statement
    private let byPosition: Statement

    init(_ database: Database) throws(JournalError) {
        after = try database.prepare("SELECT position FROM pending WHERE position > ?1 ORDER BY position LIMIT ?2")
        byPosition = try database.prepare("SELECT 1 FROM pending WHERE position = ?1")
    }

    func list(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        defer { after.reset() }
        after.bind(1, position.rawValue)
        after.bind(2, limit)
        var positions: [Position] = []
        while try after.step() { positions.append(Position(after.integer(0))) }
        return positions
    }

    func contains(_ position: Position) throws(JournalError) -> Bool {
        defer { byPosition.reset() }
        byPosition.bind(1, position.rawValue)
        return try byPosition.step()
    }
}
