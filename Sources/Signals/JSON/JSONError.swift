/// Why and where bytes are not JSON as defined by RFC 8259 (and this module's limits).
public enum JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text ends inside a value, or is empty.
    case unexpectedEnd
    /// A byte that is not valid JSON at this place. `offset` counts bytes from 0.
    case unexpectedByte(UInt8, offset: Int)
    /// An unescaped control character (below U+0020) in a string.
    case controlCharacter(offset: Int)
    /// A backslash followed by a character that RFC 8259 section 7 does not list.
    case invalidEscape(offset: Int)
    /// `\ud800` to `\udfff` that is not half of a pair: it names no character, so no UTF-8 text can hold it (RFC 7493).
    case loneSurrogate(offset: Int)
    /// A number with a leading zero, a bare sign, or nothing after its point or exponent.
    case invalidNumber(offset: Int)
    /// Something other than white space follows the value.
    case trailingBytes(offset: Int)
    /// Bytes that are not UTF-8 (overlong forms, surrogates and values over U+10FFFF included).
    case invalidUTF8(offset: Int)
    /// Objects and arrays are nested deeper than allowed.
    case tooDeep(limit: Int)
    /// The text is longer than offsets can express (4 GiB).
    case tooLarge

    public var description: String {
        switch self {
        case .unexpectedEnd: "the JSON text is incomplete"
        case .unexpectedByte(let byte, let offset):
            "unexpected \(Self.name(byte)) at byte \(offset)"
        case .controlCharacter(let offset): "unescaped control character in a string at byte \(offset)"
        case .invalidEscape(let offset): "invalid escape in a string at byte \(offset)"
        case .loneSurrogate(let offset): "escape of half a surrogate pair at byte \(offset)"
        case .invalidNumber(let offset): "invalid number at byte \(offset)"
        case .trailingBytes(let offset): "unexpected content after the JSON value at byte \(offset)"
        case .invalidUTF8(let offset): "invalid UTF-8 at byte \(offset)"
        case .tooDeep(let limit): "objects and arrays are nested more than \(limit) levels deep"
        case .tooLarge: "the JSON text is too large"
        }
    }

    private static func name(_ byte: UInt8) -> String {
        switch byte {
        case 0x21...0x7e: "'\(Character(Unicode.Scalar(byte)))'"
        default: "byte 0x\(String(byte, radix: 16))"
        }
    }
}
