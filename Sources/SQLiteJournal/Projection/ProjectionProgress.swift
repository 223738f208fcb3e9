import JournalPort
import JournalReading
import SQLite
import Signals

/// Compares what a projection has seen with what the journal holds. A WAL that was damaged or lost at its end leaves a journal
/// that agrees with itself; only who has seen the events knows that there were more.
public enum ProjectionProgress {
    /// - Parameter path: the projection's database; it may be in use.
    /// - Returns: the first conversation of which the projection has seen more; nil where there is none.
    /// - Throws: what opening or reading either of them throws.
    public static func difference(
        between path: String, and journal: any JournalReader
    ) throws(JournalError) -> JournalDifference? {
        guard try ProjectionSchema.check(path) else {
            throw JournalError(.cannotOpen, "there is no \(path)")
        }
        let database = try Database(path: path, mode: .readOnly)
        let rows = try database.prepare("SELECT subject, family, sequence FROM progress ORDER BY subject, family")
        while try rows.step() {
            guard let subject = rows.text(0), let name = rows.text(1),
                let family = Family.allCases.first(where: { $0.name == name })
            else { continue }
            let seen = rows.integer(2)
            let recorded = try newestSequence(of: family, subject, in: journal)
            if seen > recorded {
                return JournalDifference(
                    .position,
                    "\(path) has seen \(name) sequence \(seen), but the journal ends at \(recorded): records at its end are lost",
                    subject: subject)
            }
        }
        return nil
    }

    private static let page = 64

    private static func newestSequence(
        of family: Family, _ subject: String, in journal: any JournalReader
    ) throws(JournalError) -> Int64 {
        guard let head = try journal.head(subject: subject) else { return 0 }
        var next = head.position
        while next > .start {
            let links = try journal.links(from: next, limit: page)
            if let newest = links.first(where: { $0.family == family }) { return newest.sequence }
            next = links.last?.previous ?? .start
        }
        return 0
    }
}
