import Signals

/// The token file, with one token per line: `NAME:SCOPE:SHA256[:EXPIRY]`, the hash in hexadecimal, the expiry as RFC
/// 3339. Blank lines and lines that begin with `#` are ignored. `convey token` writes such lines; `printf %s "$token" |
/// sha256sum` computes the hash.
package enum TokensFile {
    /// An invalid line. Never contains the hash.
    package struct Problem: Error, Sendable, Equatable {
        /// The line number, from 1; 0 if the problem is not about a line.
        package let line: Int
        package let message: String

        package init(line: Int, message: String) {
            self.line = line
            self.message = message
        }
    }

    /// A new token: 256 random bits, in hexadecimal.
    package static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return SHA256.hex((0..<SHA256.digestBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// The line of a token.
    /// - Parameter expiry: RFC 3339; nil for never.
    package static func line(name: String, scope: AccessScope, token: String, expiry: String?) -> String {
        "\(name):\(scope.rawValue):\(SHA256.hex(SHA256.digest(token.utf8)))\(expiry.map { ":\($0)" } ?? "")"
    }

    /// Reads the whole file. One invalid line makes the file invalid.
    /// - Parameter allowsNone: whether a file without tokens is valid. While the service runs, such a file revokes the
    ///   last token; at the start it is an error.
    package static func parse(_ text: String, allowsNone: Bool = false) throws(Problem) -> AccessTokens {
        var tokens: [AccessToken] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard let first = line.first(where: { !$0.isWhitespace }), first != "#" else { continue }
            let token = try read(line, index + 1)
            if tokens.contains(where: { $0.name == token.name }) {
                throw Problem(line: index + 1, message: "the name \(token.name) occurs twice")
            }
            if tokens.contains(where: { $0.digest == token.digest }) {
                throw Problem(line: index + 1, message: "the token of \(token.name) occurs twice")
            }
            guard tokens.count < AccessTokens.limit else {
                throw Problem(line: index + 1, message: "there are more than \(AccessTokens.limit) tokens")
            }
            tokens.append(token)
        }
        guard allowsNone || !tokens.isEmpty else { throw Problem(line: 1, message: "there is no token in the file") }
        return AccessTokens(tokens)
    }

    private static func read(_ line: Substring, _ number: Int) throws(Problem) -> AccessToken {
        let end = line.lastIndex { !$0.isWhitespace }.map { line.index(after: $0) } ?? line.endIndex
        let fields = line[..<end].drop(while: \.isWhitespace).split(
            separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
        guard fields.count >= 3 else {
            throw Problem(line: number, message: "a line is NAME:SCOPE:SHA256 or NAME:SCOPE:SHA256:EXPIRY")
        }
        let name = String(fields[0])
        guard !name.isEmpty, name.utf8.count <= 64, name.utf8.allSatisfy(isNameByte) else {
            throw Problem(line: number, message: "a name has 1 to 64 of A-Z a-z 0-9 - _ .")
        }
        guard let scope = AccessScope(rawValue: String(fields[1])) else {
            throw Problem(line: number, message: "the scope of \(name) must be read, write or admin")
        }
        guard let digest = bytes(hex: fields[2]), digest.count == SHA256.digestBytes else {
            throw Problem(line: number, message: "the hash of \(name) must be a SHA-256 of 64 hexadecimal digits")
        }
        var expiry: Int64?
        if fields.count > 3 {
            guard let time = RFC3339.microseconds(String(fields[3])) else {
                throw Problem(
                    line: number, message: "the expiry of \(name) must be a time like 2027-01-31T00:00:00Z")
            }
            expiry = time
        }
        return AccessToken(name: name, scope: scope, digest: digest, expiresAt: expiry)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
        default: false
        }
    }

    private static func bytes(hex text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
