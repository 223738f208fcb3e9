/// The word after `conv.` in a signal's type.
public enum Family: UInt8, Sendable, CaseIterable {
    case inbound = 0
    case applied = 1
    case effect = 2
    case output = 3
    case audit = 4

    /// The word used in types and topics: `in`, `applied`, `effect`, `out`, `audit`.
    public var name: String {
        switch self {
        case .inbound: "in"
        case .applied: "applied"
        case .effect: "effect"
        case .output: "out"
        case .audit: "audit"
        }
    }

    /// The family of a signal type, or nil if the type is in no known namespace.
    public init?(type: String) {
        // Compare bytes: `hasPrefix` compares characters, and a combining mark after the dot would form another
        // character.
        var type = type
        let family: Family? = type.withUTF8 { bytes in
            guard bytes.starts(with: "conv.") else { return nil }
            let rest = UnsafeBufferPointer(rebasing: bytes[5...])
            if rest.starts(with: "in.") { return .inbound }
            if rest.starts(with: "applied.") { return .applied }
            if rest.starts(with: "effect.") { return .effect }
            if rest.starts(with: "out.") { return .output }
            if rest.starts(with: "audit.") { return .audit }
            return nil
        }
        guard let family else { return nil }
        self = family
    }
}

extension UnsafeBufferPointer<UInt8> {
    package func starts(with text: StaticString) -> Bool { holds(text, at: 0) }

    package func ends(with text: StaticString) -> Bool { holds(text, at: count - text.utf8CodeUnitCount) }

    private func holds(_ text: StaticString, at start: Int) -> Bool {
        guard start >= 0, start + text.utf8CodeUnitCount <= count else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[start + index] != text.utf8Start[index] { return false }
        return true
    }
}
