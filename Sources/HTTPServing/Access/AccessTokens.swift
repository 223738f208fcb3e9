/// The known tokens. Comparison takes the same time whichever of them matches, if any.
package struct AccessTokens: Sendable, Equatable {
    /// Comparing costs 32 operations per token and request.
    package static let limit = 1_000
    /// The longest token: nothing longer is hashed.
    static let tokenBytes = 512

    package let tokens: [AccessToken]

    init(_ tokens: [AccessToken]) {
        self.tokens = tokens
    }

    /// The token that a client presents, which may have expired; nil if it is unknown.
    package func find(_ presented: String) -> AccessToken? {
        guard !presented.isEmpty, presented.utf8.count <= Self.tokenBytes else { return nil }
        let digest = SHA256.digest(presented.utf8)
        var found: AccessToken?
        for token in tokens where Self.isSame(token.digest, digest) { found = token }
        return found
    }

    /// Compares every byte, however early the first difference is.
    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}
