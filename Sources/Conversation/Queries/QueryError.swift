import Signals

/// Why a query has no answer.
public struct QueryError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        case viewUnknown = "view_unknown"
        case parameterUnknown = "parameter_unknown"
        case parameterInvalid = "parameter_invalid"
        case parameterMissing = "parameter_missing"
        /// There is no such conversation, or no such signal in it.
        case notFound = "not_found"
        /// Too many queries wait.
        case busy
        /// The query took too long. The progress is kept for a while, and the same query continues from there.
        case timeout
        /// The journal cannot be read at the moment.
        case unavailable
        /// The journal's records do not produce the state that was recorded with them.
        case corrupt
    }

    public var code: Code
    /// For people: the problem, and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The equivalent HTTP status.
    public var status: Int {
        switch code {
        case .viewUnknown, .notFound: 404
        case .parameterUnknown, .parameterInvalid, .parameterMissing: 400
        case .busy, .unavailable: 503
        case .timeout: 504
        case .corrupt: 500
        }
    }

    /// Whether the same query may succeed later.
    public var isRetriable: Bool {
        switch code {
        case .busy, .timeout, .unavailable: true
        case .viewUnknown, .parameterUnknown, .parameterInvalid, .parameterMissing, .notFound, .corrupt: false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }

    /// `{"error":CODE,"message":TEXT}`.
    public func encode() -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("error", code.rawValue)
        object.add("message", message)
        return object.finish()
    }
}
