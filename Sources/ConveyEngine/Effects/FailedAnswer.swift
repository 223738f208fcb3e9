import Conversation
import JournalPort
import Signals

/// An answer whose newest end is a failure, with the values needed to retry it.
struct FailedAnswer {
    /// The generation that has failed.
    var effectID: String
    /// The id of the message that the answer belongs to.
    var message: String
    /// The position of the signal that ordered the generation: the message, or the end of the last tool call before it.
    var cause: Position
    var signal: Signal
    var round: Int
    var policy: [UInt8]?
}
