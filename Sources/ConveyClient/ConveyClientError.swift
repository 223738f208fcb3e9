import Conversation

/// Why a question has no answer.
public struct ConveyClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// Nobody can be reached there.
        case unreachable
        /// Who answers does not speak the protocol.
        case notConvey = "not_convey"
        case timeout
        /// Convey answered with an error: `refusal` says which.
        case refused
        /// The address is none.
        case invalidAddress = "invalid_address"
    }

    public var code: Code
    /// What happened, where, and what to do about it.
    public var message: String
    /// The `error` of a refusal, such as `not_found`.
    public var refusal: String?

    public init(_ code: Code, _ message: String, refusal: String? = nil) {
        self.code = code
        self.message = message
        self.refusal = refusal
    }

    /// Whether the same question may be answered later.
    public var isRetriable: Bool {
        switch code {
        case .unreachable, .timeout: true
        case .refused: refusal.flatMap(QueryError.Code.init(rawValue:)).map { QueryError($0, "").isRetriable } ?? false
        case .notConvey, .invalidAddress: false
        }
    }

    public var description: String { message }
}
