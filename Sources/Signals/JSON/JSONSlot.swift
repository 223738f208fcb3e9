/// The place of a value in a JSON text: offsets into the scanned bytes, meaningless without them.
public struct JSONSlot: Sendable, Equatable {
    var start: UInt32
    var end: UInt32
    public let kind: JSONKind
    /// Whether a string's text must be unescaped; false for every other kind.
    let isEscaped: Bool

    init(start: Int, end: Int, kind: JSONKind, isEscaped: Bool = false) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.kind = kind
        self.isEscaped = isEscaped
    }

    /// The value's bytes, including a string's quotes.
    public var range: Range<Int> { Int(start)..<Int(end) }

    /// A string's bytes between its quotes. Only for slots of kind `string`.
    var contentRange: Range<Int> { Int(start) + 1..<Int(end) - 1 }

    /// Null and false: for these a default takes over.
    var isFalsy: Bool { kind == .null || kind == .false }
}
