import Conversation
import JournalPort

/// Why a list has no answer.
enum ShardFailure: Error {
    case query(QueryError)
    /// A shard's journal cannot be read.
    case journal(JournalError, shard: Int)
}
