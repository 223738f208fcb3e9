import AnswerMemory
import Conversation
import JournalPort

/// The events of a conversation after an offset, for a follower.
package struct LivePage: Sendable {
    /// Ascending, without gaps.
    package var events: [LiveEvent]
    /// The offset at which to continue.
    package var through: Int64
    /// Whether there was more when this was read.
    package var hasMore: Bool
    /// The memory for the events; held as long as they exist.
    package var room: AnswerRoom?

    /// The size of the events in memory.
    package var bytes: Int { events.reduce(0) { $0 + $1.envelope.count } }
}

extension QueryExecutor {
    /// The events that the view `events` shows after an offset, byte for byte, but without the surrounding answer,
    /// which every follower would have to parse.
    /// - Parameters:
    ///   - after: nil for no events, only the end of the conversation.
    ///   - bytes: approximate maximum size; the first event is returned whatever its size.
    package func follow(
        _ subject: String, after: Int64?, limit: Int, bytes: Int, deadline: Int64
    ) throws(JournalError) -> Result<LivePage, QueryError> {
        self.deadline = QueryDeadline(microseconds: deadline)
        return try reader.reading { () throws(JournalError) in
            do throws(QueryFailure) {
                return .success(
                    try keeping(subject) { reading throws(QueryFailure) in
                        guard let after else {
                            return LivePage(events: [], through: reading.head.offset, hasMore: false)
                        }
                        return try self.page(after: min(after, .max - 1), limit, bytes: bytes, reading)
                    })
            } catch {
                switch error {
                case .query(let error): return .failure(error)
                case .journal(let error) where error.code == .damaged:
                    return .failure(QueryError(.corrupt, "\(error.message); run convey verify"))
                case .journal(let error): throw error
                }
            }
        }
    }
}
