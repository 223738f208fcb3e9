import Signals

extension JSONText {
    /// A value to write into an object: copied from another text, created here, or already JSON.
    enum Piece {
        case slice(JSONSlice)
        case text(String)
        case raw([UInt8])

        /// The value's text inside an id.
        var text: String {
            switch self {
            case .text(let text): text
            case .raw(let bytes): String(decoding: bytes, as: UTF8.self)
            case .slice(let slice): slice.text
            }
        }

        func append(to bytes: inout [UInt8]) {
            switch self {
            case .slice(let slice): bytes.append(contentsOf: slice.raw)
            case .text(let text): JSONWriter.append(string: text, to: &bytes)
            case .raw(let raw): bytes.append(contentsOf: raw)
            }
        }
    }
}

/// The members of an output's data, few and in order; setting a name again replaces its value.
struct OutputMembers {
    private var members: [(name: StaticString, value: JSONText.Piece)] = []

    init() { members.reserveCapacity(16) }

    mutating func set(_ name: StaticString, _ value: JSONText.Piece?) {
        guard let value else { return }
        if let index = members.firstIndex(where: { Self.isSame($0.name, name) }) {
            members[index].value = value
        } else {
            members.append((name, value))
        }
    }

    private static func isSame(_ one: StaticString, _ other: StaticString) -> Bool {
        one.utf8CodeUnitCount == other.utf8CodeUnitCount && JSONText.sameBytes(one.utf8Start, other)
    }

    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(UInt8(ascii: "{"))
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            JSONWriter.append(raw: member.name, to: &bytes)
            JSONWriter.append(raw: "\":", to: &bytes)
            member.value.append(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
