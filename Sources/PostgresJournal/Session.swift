import JournalPort
import PostgreSQL

/// Runs statements on the tables of a shard, over the connection of the shard's owner or over a pooled one.
protocol Session: AnyObject {
    /// Sends all statements at once and waits for all answers.
    func run(_ calls: [Call]) throws(JournalError) -> [Rows]
    /// Runs the body so that all its statements see the same state of the journal.
    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result
}

extension Session {
    func run(_ call: Call) throws(JournalError) -> Rows {
        guard let rows = try run([call]).first else { preconditionFailure("a statement without an answer") }
        return rows
    }
}
