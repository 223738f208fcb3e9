/// URI references (RFC 3986), required for the attributes `source` and `dataschema`.
enum URIReference {
    /// - Parameter needsScheme: whether it must be a URI (section 3), not a relative reference (section 4.2).
    static func isValid(_ text: String, needsScheme: Bool = false) -> Bool {
        var copy = text
        return copy.withUTF8 { bytes in
            guard let start = hierarchyStart(bytes, needsScheme: needsScheme) else { return false }
            guard start + 1 < bytes.count, bytes[start] == slash, bytes[start + 1] == slash else {
                return isPathQueryFragment(bytes[start...])
            }
            let authority = bytes[(start + 2)...].prefix { !isDelimiter($0) }
            return isAuthority(authority) && isPathQueryFragment(bytes[authority.endIndex...])
        }
    }

    /// Turns any text into a URI reference by escaping all bytes that are not allowed in one.
    static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if PercentEncoding.isUnreserved(byte) || byte == slash {
                bytes.append(byte)
            } else {
                PercentEncoding.append(escapeOf: byte, to: &bytes)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let slash = UInt8(ascii: "/")

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        byte == slash || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// The offset after the scheme, or 0 without one; nil if the scheme is invalid, or missing but required. The text
    /// before a colon in the first segment is a scheme (section 4.2).
    private static func hierarchyStart(_ bytes: UnsafeBufferPointer<UInt8>, needsScheme: Bool) -> Int? {
        guard let first = bytes.first else { return nil }
        let end = bytes.firstIndex { $0 == UInt8(ascii: ":") || isDelimiter($0) }
        guard let end, bytes[end] == UInt8(ascii: ":") else { return needsScheme ? nil : 0 }
        let isScheme =
            isLetter(first)
            && bytes[..<end].allSatisfy {
                isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".")
            }
        return isScheme ? end + 1 : nil
    }

    /// `user@host:port` (section 3.2).
    private static func isAuthority(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var host = bytes
        if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
            guard areCharacters(bytes[..<at], orElse: { $0 == UInt8(ascii: ":") }) else { return false }
            host = bytes[(at + 1)...]
        }
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")), end > host.startIndex + 1,
                areCharacters(host[(host.startIndex + 1)..<end], orElse: { $0 == UInt8(ascii: ":") })
            else { return false }
            host = host[(end + 1)...]
            return host.isEmpty || (host.first == UInt8(ascii: ":") && host.dropFirst().allSatisfy(isDigit))
        }
        if let colon = host.firstIndex(of: UInt8(ascii: ":")) {
            guard host[(colon + 1)...].allSatisfy(isDigit) else { return false }
            host = host[..<colon]
        }
        return areCharacters(host, orElse: { _ in false })
    }

    private static func isPathQueryFragment(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var rest = bytes
        if let hash = bytes.firstIndex(of: UInt8(ascii: "#")) {
            guard areCharacters(bytes[(hash + 1)...], orElse: isPathCharacter) else { return false }
            rest = bytes[..<hash]
        }
        return areCharacters(rest, orElse: isPathCharacter)
    }

    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "@") || byte == slash || byte == UInt8(ascii: "?")
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        let small = byte | 0x20
        return small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z")
    }

    /// Whether all bytes are unreserved, sub-delimiters, whole escapes, or allowed by `orElse`.
    private static func areCharacters(
        _ bytes: Slice<UnsafeBufferPointer<UInt8>>, orElse isAllowed: (UInt8) -> Bool
    ) -> Bool {
        var at = bytes.startIndex
        while at < bytes.endIndex {
            let byte = bytes[at]
            if byte == UInt8(ascii: "%") {
                guard at + 2 < bytes.endIndex, hexDigitValue(bytes[at + 1]) != nil, hexDigitValue(bytes[at + 2]) != nil
                else { return false }
                at += 3
            } else {
                guard PercentEncoding.isUnreserved(byte) || PercentEncoding.isSubDelimiter(byte) || isAllowed(byte)
                else {
                    return false
                }
                at += 1
            }
        }
        return true
    }
}
