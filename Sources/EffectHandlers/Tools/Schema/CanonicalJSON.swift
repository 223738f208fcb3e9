import Signals

/// A value as bytes that are identical for values equal in the sense of JSON Schema: 1 and 1.0, and objects in any
/// order of members.
struct CanonicalJSON: Hashable, Sendable {
    private let bytes: [UInt8]

    init(_ value: JSONValue) {
        var bytes: [UInt8] = []
        Self.append(value, to: &bytes)
        self.bytes = bytes
    }

    private static func append(_ value: JSONValue, to bytes: inout [UInt8]) {
        switch value {
        case .null, .bool, .string: value.append(to: &bytes)
        case .integer(let text), .fraction(let text): bytes += ExactNumber(text).canonical.utf8
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for element in elements {
                append(element, to: &bytes)
                bytes.append(UInt8(ascii: ","))
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for member in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                JSONWriter.append(string: member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                append(member.value, to: &bytes)
                bytes.append(UInt8(ascii: ","))
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
