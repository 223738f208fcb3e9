/// The service's data about a bearer token: its hash, never the token itself.
package struct AccessToken: Sendable, Equatable {
    /// The holder's name. Signals that are published with the token have the source `/http/{name}`.
    package let name: String
    package let scope: AccessScope
    /// SHA-256 of the token's bytes.
    let digest: [UInt8]
    /// When it expires, in microseconds since 1970; nil for never.
    package let expiresAt: Int64?

    package func isExpired(at now: Int64) -> Bool { expiresAt.map { $0 <= now } ?? false }
}
