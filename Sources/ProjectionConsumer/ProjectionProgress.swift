import SQLite
import Signals

/// Reads what a projection has seen, by conversation and family. The database may be in use.
package final class ProjectionProgress {
    private let rows: Statement

    /// - Throws: `cannotOpen` if there is no such database.
    package init(path: String) throws(SQLiteError) {
        guard try ProjectionSchema.check(path) else { throw SQLiteError(.cannotOpen, "there is no \(path)") }
        rows = try Database(path: path, mode: .readOnly)
            .prepare("SELECT subject, family, sequence FROM progress ORDER BY subject, family")
    }

    /// The next one; nil at the end.
    package func next() throws(SQLiteError) -> SeenSequence? {
        while try rows.step() {
            guard let subject = rows.text(0), let name = rows.text(1),
                let family = Family.allCases.first(where: { $0.name == name })
            else { continue }
            return SeenSequence(subject: subject, family: family, sequence: rows.integer(2))
        }
        return nil
    }
}
