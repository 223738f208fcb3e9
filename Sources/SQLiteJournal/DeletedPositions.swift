import JournalPort
import SQLite
import Signals

/// Positions whose rows were deleted on purpose: up to the start, and ranges after it.
final class DeletedPositions {
    private let start: Statement
    private let range: Statement

    init(_ database: Database) throws(JournalError) {
        start = try database.prepare("SELECT position FROM cursors WHERE name = 'start'")
        range = try database.prepare(
            "SELECT first, last FROM deleted_positions WHERE first <= ?1 ORDER BY first DESC LIMIT 1")
    }

    /// The range of deleted positions around one, if it was deleted.
    func around(_ position: Position) throws(JournalError) -> ClosedRange<Position>? {
        guard position > .start else { return nil }
        defer {
            start.reset()
            range.reset()
        }
        if try start.step() {
            let last = Position(start.integer(0))
            if position <= last { return Position.start.next...last }
        }
        range.bind(1, position.rawValue)
        guard try range.step() else { return nil }
        let (first, last) = (Position(range.integer(0)), Position(range.integer(1)))
        return first <= position && position <= last ? first...last : nil
    }
}
