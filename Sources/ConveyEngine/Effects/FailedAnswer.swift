import Conversation
import JournalPort
import Signals

/// An answer whose newest end is a failure, with what it takes to make it once more.
struct FailedAnswer {
    /// The generation that has failed.
    var effectID: String
    /// The id of the message that is answered.
    var message: String
    /// What ordered the generation: the message, or the end of the last tool call before it.
    var cause: Position
    var signal: Signal
    var round: Int
    var policy: [UInt8]?
}
