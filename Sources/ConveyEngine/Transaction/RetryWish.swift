import JournalPort
import Signals

/// What a request to retry asks for.
struct RetryWish: Hashable {
    var conversation: ConversationID
    /// The generation that has failed; nil for the newest that has.
    var effectID: String?

    init(_ signal: Signal, in conversation: ConversationID) {
        self.conversation = conversation
        let data = JSONObjectView(signal.data) ?? .empty
        // A tool call is no answer: it is not found.
        effectID = data["effect_id"]?.string ?? data["tool_call_id"]?.string
    }
}
