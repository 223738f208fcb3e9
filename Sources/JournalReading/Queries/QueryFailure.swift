import Conversation
import JournalPort
import Threads

/// Why a query ends without an answer, inside this module.
enum QueryFailure: Error {
    case query(QueryError)
    case journal(JournalError)

    /// Makes a journal's error a query's.
    static func reading<Result>(_ body: () throws(JournalError) -> Result) throws(QueryFailure) -> Result {
        do { return try body() } catch { throw .journal(error) }
    }
}
