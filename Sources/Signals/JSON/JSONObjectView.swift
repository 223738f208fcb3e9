/// An object's members, found in one pass; nested values keep their spelling. If a key is repeated, the last value
/// counts.
public struct JSONObjectView: Sendable {
    let bytes: [UInt8]
    /// All members in their order, repeated keys included.
    public let members: [JSONMember]

    /// An object without members.
    public static let empty = JSONObjectView(bytes: [], members: [])

    /// Nil if `bytes` are not exactly one valid JSON object; scan them with `JSONScanner` to learn why.
    public init?(_ bytes: [UInt8]) {
        let members: [JSONMember]? = bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONError) {
                var scanner = try JSONScanner(buffer)
                let members = try Self.members(&scanner)
                try scanner.finish()
                return members
            } catch { return nil }
        }
        guard let members else { return nil }
        self.init(bytes: bytes, members: members)
    }

    package init?(_ slice: JSONSlice) {
        guard slice.kind == .object else { return nil }
        let members: [JSONMember] = slice.bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONError) {
                var scanner = try JSONScanner(unchecked: buffer, at: slice.slot)
                return try Self.members(&scanner)
            } catch { return [] }  // Impossible: the slice was checked when it was created.
        }
        self.init(bytes: slice.bytes, members: members)
    }

    private static func members(_ scanner: inout JSONScanner) throws(JSONError) -> [JSONMember] {
        var members: [JSONMember] = []
        members.reserveCapacity(8)
        _ = try scanner.members { key, scanner throws(JSONError) in
            members.append(JSONMember(key: key, value: try scanner.value()))
        }
        return members
    }

    private init(bytes: [UInt8], members: [JSONMember]) {
        self.bytes = bytes
        self.members = members
    }

    public var isEmpty: Bool { members.isEmpty }

    /// The value of a name, nil if there is none. A null is a value.
    public subscript(_ name: StaticString) -> JSONSlice? {
        if members.isEmpty { return nil }
        let found: JSONSlot? = bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var index = members.count - 1
            while index >= 0 {
                if JSONText.equals(base, members[index].key, name) { return members[index].value }
                index -= 1
            }
            return nil
        }
        return found.map { JSONSlice(bytes: bytes, slot: $0) }
    }

    /// The text of a member's key.
    public func key(_ member: JSONMember) -> String { JSONSlice(bytes: bytes, slot: member.key).string ?? "" }

    public func value(_ member: JSONMember) -> JSONSlice { JSONSlice(bytes: bytes, slot: member.value) }
}
