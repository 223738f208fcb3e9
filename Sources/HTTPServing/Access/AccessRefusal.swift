/// Why a request is refused.
enum AccessRefusal: Sendable, Equatable {
    case tokenMissing
    case tokenUnknown
    case tokenExpired
    case scopeTooNarrow(needed: AccessScope, held: AccessScope)
    /// A page of another site sent it.
    case foreignOrigin
    /// Its `Host` is not a name of this machine.
    case foreignHost

    var status: HTTPStatusCode {
        switch self {
        case .tokenMissing, .tokenUnknown, .tokenExpired: .unauthorized
        case .scopeTooNarrow, .foreignOrigin: .forbidden
        case .foreignHost: .misdirectedRequest
        }
    }

    /// Whether another token could be accepted.
    var isAboutToken: Bool {
        switch self {
        case .tokenMissing, .tokenUnknown, .tokenExpired, .scopeTooNarrow: true
        case .foreignOrigin, .foreignHost: false
        }
    }

    var code: String {
        switch self {
        case .tokenMissing: "token_missing"
        case .tokenUnknown: "token_unknown"
        case .tokenExpired: "token_expired"
        case .scopeTooNarrow: "scope_too_narrow"
        case .foreignOrigin: "foreign_origin"
        case .foreignHost: "foreign_host"
        }
    }

    var message: String {
        switch self {
        case .tokenMissing: "Send Authorization: Bearer TOKEN."
        case .tokenUnknown: "This token is unknown."
        case .tokenExpired: "This token has expired."
        case .scopeTooNarrow(let needed, let held):
            "This needs a token of scope \(needed.rawValue), not \(held.rawValue)."
        case .foreignOrigin: "The page that sent this is not part of this service; http.origins can allow it."
        case .foreignHost: "This service is known as localhost; http.origins can add another name."
        }
    }

    /// The challenge of a 401 or 403 (RFC 6750, section 3); nil if a token would not help.
    var challenge: String? {
        switch self {
        case .tokenMissing: #"Bearer realm="convey""#
        case .tokenUnknown, .tokenExpired: #"Bearer realm="convey", error="invalid_token""#
        case .scopeTooNarrow(let needed, _):
            #"Bearer realm="convey", error="insufficient_scope", scope="\#(needed.rawValue)""#
        case .foreignOrigin, .foreignHost: nil
        }
    }
}
