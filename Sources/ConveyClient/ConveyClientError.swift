import Conversation

/// Why a query has no answer.
public struct ConveyClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The service cannot be reached.
        case unreachable
        /// The answer does not follow the protocol.
        case notConvey = "not_convey"
        case timeout
        /// Convey answered with an error: `refusal` says which.
        case refused
        /// The address is invalid.
        case invalidAddress = "invalid_address"
    }

    public var code: Code
    /// What happened, where, and what to do.
    public var message: String
    /// The `error` of a refusal, such as `not_found`.
    public var refusal: String?

    public init(_ code: Code, _ message: String, refusal: String? = nil) {
        self.code = code
        self.message = message
        self.refusal = refusal
    }

    /// Whether the same query may succeed later.
    public var isRetriable: Bool {
        switch code {
        case .unreachable, .timeout: true
        case .refused: refusal.flatMap(QueryError.Code.init(rawValue:)).map { QueryError($0, "").isRetriable } ?? false
        case .notConvey, .invalidAddress: false
        }
    }

    public var description: String { message }
}
