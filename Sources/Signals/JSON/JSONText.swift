/// Reading strings out of scanned bytes.
package enum JSONText {
    /// The string in a slot of kind `string`, unescaped.
    package static func string(_ base: UnsafeRawPointer, _ slot: JSONSlot) -> String {
        let content = bytes(base, slot.contentRange)
        guard slot.isEscaped else { return String(decoding: content, as: UTF8.self) }
        return String(decoding: unescape(content), as: UTF8.self)
    }

    /// Whether the string in a slot equals `name`, however it is escaped.
    @inline(__always)
    package static func equals(_ base: UnsafeRawPointer, _ slot: JSONSlot, _ name: StaticString) -> Bool {
        if slot.isEscaped { return string(base, slot) == name.description }
        let range = slot.contentRange
        return range.count == name.utf8CodeUnitCount && sameBytes(base + range.lowerBound, name)
    }

    /// Whether a string is empty after trimming Unicode White_Space.
    package static func isBlank(_ base: UnsafeRawPointer, _ slot: JSONSlot) -> Bool {
        let content = bytes(base, slot.contentRange)
        // A printable ASCII character at the start settles nearly every case.
        if let first = content.first, first > 0x20, first < 0x7f, first != UInt8(ascii: "\\") { return false }
        return isBlank(string(base, slot))
    }

    package static func isBlank(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.isWhitespace }
    }

    @inline(__always)
    package static func sameBytes(_ pointer: UnsafeRawPointer, _ name: StaticString) -> Bool {
        let other = UnsafeRawPointer(name.utf8Start)
        for index in 0..<name.utf8CodeUnitCount
        where pointer.load(fromByteOffset: index, as: UInt8.self) != other.load(fromByteOffset: index, as: UInt8.self) {
            return false
        }
        return true
    }

    package static func bytes(_ base: UnsafeRawPointer, _ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(
            start: (base + range.lowerBound).assumingMemoryBound(to: UInt8.self), count: range.count)
    }

    /// Unescapes text that the scanner has checked; a malformed escape would be left out.
    private static func unescape(_ content: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var high: UInt32 = 0
        var at = 0
        while at < content.count {
            let byte = content[at]
            guard byte == UInt8(ascii: "\\"), at + 1 < content.count else {
                result.append(byte)
                at += 1
                continue
            }
            let letter = content[at + 1]
            at += 2
            guard letter == UInt8(ascii: "u") else {
                result.append(plainEscape(letter))
                continue
            }
            var unit: UInt32 = 0
            for _ in 0..<4 where at < content.count {
                unit = unit << 4 | UInt32(hexDigitValue(content[at]) ?? 0)
                at += 1
            }
            if unit >= 0xd800, unit <= 0xdbff {
                high = unit
                continue
            }
            if unit >= 0xdc00, unit <= 0xdfff { unit = 0x10000 + ((high &- 0xd800) << 10 | (unit - 0xdc00)) }
            if let scalar = Unicode.Scalar(unit) { result.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
        }
        return result
    }

    private static func plainEscape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }
}
