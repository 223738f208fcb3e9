import Signals

/// Why bytes are not a state.
public enum ConversationStateError: Error, Sendable, Equatable, CustomStringConvertible {
    case notJSON(JSONError)
    /// A member is missing or has an invalid value.
    case invalid(member: String)

    public var description: String {
        switch self {
        case .notJSON(let error): "the conversation state cannot be read: \(error)"
        case .invalid(let member): "the conversation state has no valid \(member)"
        }
    }
}
