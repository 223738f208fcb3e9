import JournalPort
import PostgreSQL

/// How the tables of a shard are asked: over the connection of the shard's owner, or over one that is lent for a moment.
protocol Session: AnyObject {
    /// Sends all statements at once and waits for all answers.
    func run(_ calls: [Call]) throws(JournalError) -> [Rows]
    /// Several runs that see one state of the journal.
    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result
}

extension Session {
    func run(_ call: Call) throws(JournalError) -> Rows {
        guard let rows = try run([call]).first else { preconditionFailure("a statement without an answer") }
        return rows
    }
}
