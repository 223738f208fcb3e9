/// Percent-encoding (RFC 3986 section 2.1) for MQTT topic levels and for forms.
package enum PercentEncoding {
    /// Characters that need no escape in a topic level: `A-Z a-z 0-9 - . _ ~ : @`.
    @inline(__always)
    package static func isPlainInTopic(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@")
    }

    /// RFC 3986 section 2.3.
    @inline(__always)
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// RFC 3986 section 2.2.
    @inline(__always)
    package static func isSubDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
            UInt8(ascii: "="):
            true
        default: false
        }
    }

    package static func append(escapeOf byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "%"))
        bytes.append(upperHexDigit(byte >> 4))
        bytes.append(upperHexDigit(byte & 15))
    }

    /// The decoded text, or nil if a `%` is not followed by two hexadecimal digits or the result is not UTF-8.
    package static func decode(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        decode(bytes, plusIsSpace: plusIsSpace) { _ in nil }
    }

    /// The decoded text of a form's value: `+` is a space, and a `%` without two hexadecimal digits after it stands for
    /// itself. Nil if the result is not UTF-8.
    package static func decode(form bytes: some Collection<UInt8>) -> String? {
        decode(bytes, plusIsSpace: true) { $0 }
    }

    /// - Parameter broken: the replacement of a `%` without two hexadecimal digits after it; nil ends the decoding.
    private static func decode(
        _ bytes: some Collection<UInt8>, plusIsSpace: Bool, broken: (UInt8) -> UInt8?
    ) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                let digits = rest.prefix(2).compactMap(hexDigitValue)
                if digits.count == 2 {
                    result.append(digits[0] << 4 | digits[1])
                    rest = rest.dropFirst(2)
                } else if let literal = broken(byte) {
                    result.append(literal)
                } else {
                    return nil
                }
            } else {
                result.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }
}
