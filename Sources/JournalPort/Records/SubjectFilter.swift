/// A filter for subjects.
public struct SubjectFilter: Sendable, Equatable {
    /// The required prefix, compared byte by byte.
    public var prefix: String
    /// The required part, ignoring the case of letters: see `folded(_:)`.
    public var contains: String

    public init(prefix: String = "", contains: String = "") {
        self.prefix = prefix
        self.contains = contains
    }

    public var isEmpty: Bool { prefix.isEmpty && contains.isEmpty }

    public func matches(_ subject: String) -> Bool {
        guard subject.utf8.starts(with: prefix.utf8) else { return false }
        if contains.isEmpty { return true }
        let text = subject.unicodeScalars.map(Self.folded)
        let wanted = contains.unicodeScalars.map(Self.folded)
        guard wanted.count <= text.count else { return false }
        return (0...text.count - wanted.count).contains { text[$0...].starts(with: wanted) }
    }

    /// The representative of a letter's cases (Unicode, simple case mapping): `Σ`, `σ` and `ς` are `σ`.
    ///
    /// Letters map one to one: `ß` is not `ss`. No other letter becomes an ASCII letter (the Kelvin sign is not `k`),
    /// so a search for ASCII text may look only for ASCII letters. A combining accent counts as a letter.
    public static func folded(_ letter: Unicode.Scalar) -> Unicode.Scalar {
        if letter.isASCII {
            return ("A"..."Z").contains(letter) ? Unicode.Scalar(UInt8(letter.value) | 0x20) : letter
        }
        let upper = single(letter.properties.uppercaseMapping) ?? letter
        let lower = single(upper.properties.lowercaseMapping) ?? upper
        return lower.isASCII ? letter : lower
    }

    private static func single(_ text: String) -> Unicode.Scalar? {
        let letters = text.unicodeScalars
        return letters.count == 1 ? letters.first : nil
    }
}
