/// A value inside bytes that it keeps alive; nothing is copied or decoded until needed.
public struct JSONSlice: Sendable {
    let bytes: [UInt8]
    let slot: JSONSlot

    /// The value of a whole text. Errors: see `JSONError`.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        let slot: Result<JSONSlot, JSONError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONError) {
                var scanner = try JSONScanner(buffer)
                let slot = try scanner.value()
                try scanner.finish()
                return .success(slot)
            } catch { return .failure(error) }
        }
        self.init(bytes: bytes, slot: try slot.get())
    }

    init(bytes: [UInt8], slot: JSONSlot) {
        self.bytes = bytes
        self.slot = slot
    }

    public var kind: JSONKind { slot.kind }

    /// The value as spelled.
    public var raw: ArraySlice<UInt8> { bytes[slot.range] }

    /// The text of a string, unescaped; nil for any other kind.
    public var string: String? {
        guard slot.kind == .string else { return nil }
        return bytes.withUnsafeBytes { buffer in buffer.baseAddress.map { JSONText.string($0, slot) } }
    }

    /// Whether it is a string without anything but Unicode White_Space.
    public var isBlankString: Bool {
        guard slot.kind == .string else { return false }
        return bytes.withUnsafeBytes { buffer in buffer.baseAddress.map { JSONText.isBlank($0, slot) } ?? true }
    }

    /// The members of an object; nil for any other kind.
    public var object: JSONObjectView? { JSONObjectView(self) }
}
