/// Appends compact JSON to bytes.
public enum JSONWriter {
    /// `text` as a JSON string with its quotes: quote, backslash and control characters are escaped, nothing else.
    public static func append(string text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        append(escaped: text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// `text` escaped for the inside of a JSON string, without quotes.
    public static func append(escaped text: String, to bytes: inout [UInt8]) {
        var copy = text
        copy.withUTF8 { utf8 in
            var clean = 0
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean..<index]))
                append(escapeOf: byte, to: &bytes)
                clean = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean...]))
        }
    }

    public static func append<Number: BinaryInteger>(integer: Number, to bytes: inout [UInt8]) {
        guard let number = UInt64(exactly: integer) else { return bytes.append(contentsOf: String(integer).utf8) }
        append(number: number, to: &bytes)
    }

    /// Digit by digit: one `String` per number would cost more than the rest of a marker.
    private static func append(number: UInt64, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: digits[start...])
        }
    }

    /// Text that is already JSON (or punctuation).
    public static func append(raw text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func append(escapeOf byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0c: bytes.append(UInt8(ascii: "f"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        default:
            append(raw: "u00", to: &bytes)
            bytes.append(upperHexDigit(byte >> 4) | 0x20)
            bytes.append(upperHexDigit(byte & 15) | 0x20)
        }
    }
}

/// The digit for 0 to 15, in upper case; `| 0x20` makes it lower case.
@inline(__always)
package func upperHexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
}
