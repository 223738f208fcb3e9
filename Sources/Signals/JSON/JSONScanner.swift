/// Reads JSON in one pass without building a tree: it checks the text and reports the places of values.
///
/// It checks the whole grammar of RFC 8259 (numbers and escapes strictly), UTF-8, half surrogate pairs and the depth. A
/// byte order mark is an error. Duplicate keys are not: a lookup returns the last one, as in most parsers. The scanner
/// allocates nothing. It must not outlive its bytes.
public struct JSONScanner {
    /// Maximum nesting of objects and arrays in any text. A `UInt64` holds one bit per level.
    public static let depthLimit = 64

    let base: UnsafeRawPointer
    private let end: Int
    private var position = 0
    /// Number of open objects and arrays around `position`.
    private var depth: Int

    /// - Parameter depth: number of levels that already surround the text (an envelope's `data` has one).
    public init(_ bytes: UnsafeBufferPointer<UInt8>, depth: Int = 0) throws(JSONError) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { throw .unexpectedEnd }
        guard bytes.count < Int(UInt32.max) else { throw .tooLarge }
        self.base = UnsafeRawPointer(base)
        self.end = bytes.count
        self.depth = depth
    }

    /// Reads from the middle of a text that was already checked.
    init(unchecked bytes: UnsafeBufferPointer<UInt8>, at slot: JSONSlot) throws(JSONError) {
        try self.init(bytes)
        position = Int(slot.start)
    }

    /// The kind of the next value, provided that the value is valid.
    public mutating func nextKind() throws(JSONError) -> JSONKind {
        skipWhitespace()
        let byte = try current()
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer
        default: throw unexpected(at: position)
        }
    }

    /// Skips one value of any kind.
    public mutating func value() throws(JSONError) -> JSONSlot {
        skipWhitespace()
        let byte = try current()
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let start = position
            try skipContainer()
            return JSONSlot(start: start, end: position, kind: byte == UInt8(ascii: "{") ? .object : .array)
        default:
            return try scalar(byte)
        }
    }

    /// Skips one object; `body` is called for each key and must read its value (`value`, `members`, `elements`).
    @inline(__always)
    public mutating func members(
        _ body: (JSONSlot, inout JSONScanner) throws(JSONError) -> Void
    ) throws(JSONError) -> JSONSlot {
        skipWhitespace()
        let start = position
        guard try current() == UInt8(ascii: "{") else { throw unexpected(at: position) }
        try open()
        if try current() == UInt8(ascii: "}") {
            position += 1
        } else {
            while true {
                let key = try self.key()
                try body(key, &self)
                if try separator(close: UInt8(ascii: "}")) { break }
            }
        }
        depth -= 1
        return JSONSlot(start: start, end: position, kind: .object)
    }

    /// Skips one array; `body` is called at each element and must read it.
    public mutating func elements(_ body: (inout JSONScanner) throws(JSONError) -> Void) throws(JSONError) -> JSONSlot {
        skipWhitespace()
        let start = position
        guard try current() == UInt8(ascii: "[") else { throw unexpected(at: position) }
        try open()
        if try current() == UInt8(ascii: "]") {
            position += 1
        } else {
            while true {
                try body(&self)
                if try separator(close: UInt8(ascii: "]")) { break }
            }
        }
        depth -= 1
        return JSONSlot(start: start, end: position, kind: .array)
    }

    /// Checks that only white space is left.
    public mutating func finish() throws(JSONError) {
        skipWhitespace()
        guard position == end else {
            let error = unexpected(at: position)
            if case .invalidUTF8 = error { throw error }
            throw .trailingBytes(offset: position)
        }
    }

    // MARK: Containers

    /// Skips an opening bracket and the white space after it.
    @inline(__always)
    private mutating func open() throws(JSONError) {
        guard depth < Self.depthLimit else { throw .tooDeep(limit: Self.depthLimit) }
        depth += 1
        position += 1
        skipWhitespace()
    }

    /// Skips a comma (false) or the closing bracket (true).
    @inline(__always)
    private mutating func separator(close: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        let byte = try current()
        guard byte == UInt8(ascii: ",") || byte == close else { throw unexpected(at: position) }
        position += 1
        return byte == close
    }

    /// Reads a key and the colon after it.
    @inline(__always)
    private mutating func key() throws(JSONError) -> JSONSlot {
        skipWhitespace()
        guard try current() == UInt8(ascii: "\"") else { throw unexpected(at: position) }
        let key = try string()
        skipWhitespace()
        guard try current() == UInt8(ascii: ":") else { throw unexpected(at: position) }
        position += 1
        return key
    }

    /// Skips an object or array without recursion. `objects` has one bit for each open container, 1 for an object.
    private mutating func skipContainer() throws(JSONError) {
        var objects: UInt64 = 0
        let outside = depth
        while true {
            let byte = try current()
            var isEmpty = false
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let isObject = byte == UInt8(ascii: "{")
                try open()
                objects = objects << 1 | (isObject ? 1 : 0)
                // "}" is "{" + 2 and "]" is "[" + 2.
                isEmpty = try current() == byte + 2
                if !isEmpty {
                    if isObject { _ = try key() }
                    skipWhitespace()
                    continue
                }
            } else {
                _ = try scalar(byte)
            }
            // After a value: the next one, or the ends of the containers that close here.
            while true {
                let isObject = objects & 1 == 1
                if isEmpty {
                    isEmpty = false
                    position += 1
                } else if try !separator(close: isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { _ = try key() }
                    skipWhitespace()
                    break
                }
                objects >>= 1
                depth -= 1
                if depth == outside { return }
            }
        }
    }

    // MARK: Scalars

    @inline(__always)
    private mutating func scalar(_ byte: UInt8) throws(JSONError) -> JSONSlot {
        switch byte {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "t"): return try literal(0x6575_7274, count: 4, kind: .true)
        case UInt8(ascii: "n"): return try literal(0x6c6c_756e, count: 4, kind: .null)
        case UInt8(ascii: "f"): return try literal(0x6573_6c61, count: 5, kind: .false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected(at: position)
        }
    }

    /// `true`, `false`, `null`: `lastFour` is the word's last four letters, first letter lowest.
    private mutating func literal(_ lastFour: UInt32, count: Int, kind: JSONKind) throws(JSONError) -> JSONSlot {
        let start = position
        for index in 0..<4 {
            let at = start + count - 4 + index
            guard at < end else { throw .unexpectedEnd }
            guard byte(at) == UInt8(truncatingIfNeeded: lastFour >> (8 * UInt32(index))) else {
                throw unexpected(at: at)
            }
        }
        position = start + count
        return JSONSlot(start: start, end: position, kind: kind)
    }

    private mutating func number() throws(JSONError) -> JSONSlot {
        let start = position
        var kind = JSONKind.integer
        if byte(position) == UInt8(ascii: "-") { position += 1 }
        if position < end, byte(position) == UInt8(ascii: "0") {
            position += 1
            if position < end, isDigit(byte(position)) { throw .invalidNumber(offset: start) }
        } else {
            try digits(start)
        }
        if position < end, byte(position) == UInt8(ascii: ".") {
            kind = .fraction
            position += 1
            try digits(start)
        }
        if position < end, byte(position) | 0x20 == UInt8(ascii: "e") {
            kind = .fraction
            position += 1
            if position < end, byte(position) == UInt8(ascii: "+") || byte(position) == UInt8(ascii: "-") {
                position += 1
            }
            try digits(start)
        }
        return JSONSlot(start: start, end: position, kind: kind)
    }

    /// One digit or more.
    private mutating func digits(_ start: Int) throws(JSONError) {
        let first = position
        while position < end, isDigit(byte(position)) { position += 1 }
        guard position > first else {
            if position == end { throw .unexpectedEnd }
            throw .invalidNumber(offset: start)
        }
    }

    /// Reads a string; `position` is at its opening quote.
    @inline(__always)
    private mutating func string() throws(JSONError) -> JSONSlot {
        let start = position
        var at = start + 1
        var isEscaped = false
        while true {
            // Eight bytes at a time, up to the first that is not a plain ASCII character.
            while at + 8 <= end {
                let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let stops = Self.stops(in: word)
                if stops != 0 {
                    at += stops.trailingZeroBitCount >> 3
                    break
                }
                at += 8
            }
            guard at < end else { throw .unexpectedEnd }
            let byte = self.byte(at)
            if byte == UInt8(ascii: "\"") {
                position = at + 1
                return JSONSlot(start: start, end: position, kind: .string, isEscaped: isEscaped)
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                at = try escape(at: at)
            } else if byte >= 0x80 {
                at = try multibyte(at: at)
            } else if byte < 0x20 {
                throw .controlCharacter(offset: at)
            } else {
                at += 1
            }
        }
    }

    /// The high bit of each byte of `word` that is a quote, a backslash, a control character or not ASCII. Bits above the
    /// lowest one set may be wrong (a subtraction borrows); only the lowest is used.
    @inline(__always)
    private static func stops(in word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5c)
        let control = (word &- (ones &* 0x20)) & ~word
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control | word) & (ones &* 0x80)
    }

    /// Checks the escape at `at` (or the pair that forms one character) and returns the offset after it.
    private func escape(at: Int) throws(JSONError) -> Int {
        guard at + 1 < end else { throw .unexpectedEnd }
        switch byte(at + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return at + 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(at: at)
            switch unit {
            case 0xd800...0xdbff:
                guard at + 7 < end, byte(at + 6) == UInt8(ascii: "\\"), byte(at + 7) == UInt8(ascii: "u") else {
                    throw .loneSurrogate(offset: at)
                }
                guard case 0xdc00...0xdfff = try codeUnit(at: at + 6) else { throw .loneSurrogate(offset: at) }
                return at + 12
            case 0xdc00...0xdfff: throw .loneSurrogate(offset: at)
            default: return at + 6
            }
        default: throw .invalidEscape(offset: at)
        }
    }

    /// The four hexadecimal digits of `\uXXXX`.
    private func codeUnit(at: Int) throws(JSONError) -> UInt32 {
        guard at + 6 <= end else { throw .unexpectedEnd }
        var unit: UInt32 = 0
        for index in at + 2..<at + 6 {
            guard let digit = hexDigitValue(byte(index)) else { throw .invalidEscape(offset: at) }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// Checks the UTF-8 sequence at `at` (Unicode 15, table 3-7) and returns the offset after it.
    private func multibyte(at: Int) throws(JSONError) -> Int {
        let first = byte(at)
        let count: Int
        var second: ClosedRange<UInt8> = 0x80...0xbf
        switch first {
        case 0xc2...0xdf: count = 2
        case 0xe0: (count, second) = (3, 0xa0...0xbf)
        case 0xed: (count, second) = (3, 0x80...0x9f)
        case 0xe1...0xef: count = 3
        case 0xf0: (count, second) = (4, 0x90...0xbf)
        case 0xf4: (count, second) = (4, 0x80...0x8f)
        case 0xf1...0xf3: count = 4
        default: throw .invalidUTF8(offset: at)
        }
        guard at + count <= end, second.contains(byte(at + 1)) else { throw .invalidUTF8(offset: at) }
        for index in 2..<max(count, 2) where byte(at + index) & 0xc0 != 0x80 { throw .invalidUTF8(offset: at) }
        return at + count
    }

    // MARK: Bytes

    @inline(__always)
    private func byte(_ at: Int) -> UInt8 { base.load(fromByteOffset: at, as: UInt8.self) }

    @inline(__always)
    private func current() throws(JSONError) -> UInt8 {
        guard position < end else { throw .unexpectedEnd }
        return byte(position)
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < end {
            switch byte(position) {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    /// The error for an invalid byte at this place: bad UTF-8 if it is that, otherwise bad syntax.
    private func unexpected(at offset: Int) -> JSONError {
        guard offset < end else { return .unexpectedEnd }
        let byte = byte(offset)
        if byte >= 0x80 {
            do { _ = try multibyte(at: offset) } catch { return error }
        }
        return .unexpectedByte(byte, offset: offset)
    }
}

@inline(__always)
package func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

/// 0 to 15, or nil for a byte that is not a hexadecimal digit.
@inline(__always)
package func hexDigitValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
