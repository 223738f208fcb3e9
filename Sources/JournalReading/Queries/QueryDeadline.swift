import Conversation
import Threads

/// Until when an answer has to be there. Looked at between reads, of which none takes long.
struct QueryDeadline: Sendable {
    /// Microseconds of the monotonic clock; nil for no limit.
    var microseconds: Int64?

    func check() throws(QueryFailure) {
        if let error { throw .query(error) }
    }

    /// Nil while there is time.
    var error: QueryError? {
        guard let microseconds, Clocks.monotonicMicroseconds() >= microseconds else { return nil }
        return QueryError(
            .timeout, "the answer takes too long; what was read is kept for a while, so ask again, or for less")
    }
}
