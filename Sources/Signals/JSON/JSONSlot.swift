/// What a JSON value is. A number's kind follows its spelling: `1.0` and `1e0` are fractions.
public enum JSONKind: UInt8, Sendable {
    case null, `true`, `false`, integer, fraction, string, array, object
}

/// Where a value stands in a JSON text: offsets into the bytes that were scanned, meaningless without them.
public struct JSONSlot: Sendable, Equatable {
    var start: UInt32
    var end: UInt32
    public let kind: JSONKind
    /// Whether a string's text has to be unescaped; false for every other kind.
    let isEscaped: Bool

    init(start: Int, end: Int, kind: JSONKind, isEscaped: Bool = false) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.kind = kind
        self.isEscaped = isEscaped
    }

    /// The value's bytes, a string's quotes included.
    public var range: Range<Int> { Int(start)..<Int(end) }

    /// A string's bytes between its quotes. Only for slots of kind `string`.
    var contentRange: Range<Int> { Int(start) + 1..<Int(end) - 1 }

    /// Null and false: the values behind which a default follows.
    var isFalsy: Bool { kind == .null || kind == .false }
}

/// One member of an object: its key (a string) and its value.
public struct JSONMember: Sendable, Equatable {
    public var key: JSONSlot
    public var value: JSONSlot
}
