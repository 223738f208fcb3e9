import Conversation
import Threads

/// The time by which an answer must be ready. Checked between reads, none of which takes long.
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
            .timeout, "the answer takes too long; Convey keeps its progress for a while: ask again, or ask for less")
    }
}
