/// What is kept of a bearer token: never the token itself.
public struct AccessToken: Sendable, Equatable {
    /// Who it was given to; stands in the source of signals published with it, `/http/{name}`.
    public let name: String
    public let scope: AccessScope
    /// SHA-256 of the token's bytes.
    let digest: [UInt8]
    /// Microseconds since 1970 from which on it is refused; nil for never.
    public let expiresAt: Int64?

    public func isExpired(at now: Int64) -> Bool { expiresAt.map { $0 <= now } ?? false }
}

/// The tokens that are known, compared in the same time whichever of them is right, if any.
public struct AccessTokens: Sendable, Equatable {
    /// Comparing costs 32 operations a token and request.
    public static let limit = 1_000
    /// The longest token taken: nothing longer is hashed.
    static let tokenBytes = 512

    public let tokens: [AccessToken]

    init(_ tokens: [AccessToken]) {
        self.tokens = tokens
    }

    /// The token that a client presents; nil where it is none of these. It may be expired.
    func find(_ presented: String) -> AccessToken? {
        guard !presented.isEmpty, presented.utf8.count <= Self.tokenBytes else { return nil }
        let digest = SHA256.digest(presented.utf8)
        var found: AccessToken?
        for token in tokens where Self.isSame(token.digest, digest) { found = token }
        return found
    }

    /// Looks at every byte, however early the first difference is.
    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
