import Conversation
import JournalPort
import Threads

/// Why a query has no answer, inside this module.
enum QueryFailure: Error {
    case query(QueryError)
    case journal(JournalError)

    /// Converts a journal's error into a query's.
    static func reading<Result>(_ body: () throws(JournalError) -> Result) throws(QueryFailure) -> Result {
        do { return try body() } catch { throw .journal(error) }
    }
}
