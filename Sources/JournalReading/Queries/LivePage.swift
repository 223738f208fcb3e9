import AnswerMemory
import Conversation
import JournalPort

/// What a conversation has recorded behind an offset, for who follows it.
package struct LivePage: Sendable {
    /// Ascending, without gaps.
    package var events: [LiveEvent]
    /// Where to go on.
    package var through: Int64
    /// Whether there was more when this was read.
    package var hasMore: Bool
    /// Of the events; held as long as they are.
    package var room: AnswerRoom?

    /// What the events hold in memory.
    package var bytes: Int { events.reduce(0) { $0 + $1.envelope.count } }
}

extension QueryExecutor {
    /// The events that the view `events` shows behind an offset, byte for byte, without the answer around them, which would have to
    /// be taken apart again for each follower.
    /// - Parameters:
    ///   - after: nil for none, only where the conversation ends.
    ///   - bytes: about what the events may come to; the first is given whatever its size.
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
