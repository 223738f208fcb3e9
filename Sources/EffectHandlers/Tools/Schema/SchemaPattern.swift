import Synchronization

/// A regular expression, compiled once.
final class SchemaPattern: Sendable {
    /// Maximum UTF-8 bytes of a text that is searched: the time that a pattern needs can grow faster than the text.
    static let textLimit = 10_000

    /// Invariant: `regex` is used by one thread at a time, because `Regex` is not `Sendable`. A value is either in `spare`
    /// or held by the one call of `matches` that took it out.
    private struct Compiled: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
    }

    let text: String
    private let spare: Mutex<Compiled?>

    /// - Throws: the regular expression compiler's error.
    init(_ text: String) throws {
        self.text = text
        spare = Mutex(try Self.compile(text))
    }

    /// Whether the pattern is found anywhere in a text of at most `textLimit` bytes. Thread-safe; a call that overlaps another
    /// compiles the pattern for itself, so that none waits.
    func matches(_ value: String) -> Bool {
        let free = spare.withLock { $0.take() }
        // It compiled in `init`, and it runs no code of ours that could throw.
        guard let compiled = free ?? (try? Self.compile(text)) else { return false }
        defer { spare.withLock { $0 = compiled } }
        return (try? compiled.regex.firstMatch(in: value)) != nil
    }

    /// With the meaning that ECMA-262 gives to characters and classes.
    private static func compile(_ text: String) throws -> Compiled {
        Compiled(
            regex: try Regex(text).matchingSemantics(.unicodeScalar).asciiOnlyDigits().asciiOnlyWordCharacters())
    }
}
