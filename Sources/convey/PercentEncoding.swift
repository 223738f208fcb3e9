/// Percent-encoding as conversation topics and URLs use it.
enum PercentEncoding {
    /// A subject as exactly one topic level: bytes other than `A-Z a-z 0-9 - . _ ~ : @` become `%XX`.
    static func encode(subject: String) -> String {
        var encoded = ""
        encoded.reserveCapacity(subject.utf8.count)
        for byte in subject.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
