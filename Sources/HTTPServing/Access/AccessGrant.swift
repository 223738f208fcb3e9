/// The identity and rights of an authorized request.
package struct AccessGrant: Sendable, Equatable {
    /// The token's name; `anonymous` if none is needed.
    package let name: String
    package let scope: AccessScope
    /// When the token expires, in microseconds since 1970; a live stream ends then.
    package let expiresAt: Int64?

    static let anonymous = AccessGrant(name: "anonymous", scope: .admin, expiresAt: nil)
}
