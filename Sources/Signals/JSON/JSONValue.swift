/// A JSON value as a tree, for tests and rarely used paths. Numbers keep their spelling, members their order.
public indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number without fraction and exponent, as spelled.
    case integer(String)
    /// A number with a fraction or an exponent, as spelled.
    case fraction(String)
    case string(String)
    case array([JSONValue])
    /// Members in order; for a repeated key only the last value.
    case object([(key: String, value: JSONValue)])

    /// Errors: see `JSONError`.
    public init(_ bytes: [UInt8]) throws(JSONError) {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBufferPointer { buffer in
            do throws(JSONError) {
                var scanner = try JSONScanner(buffer)
                let value = try Self.read(&scanner)
                try scanner.finish()
                return .success(value)
            } catch { return .failure(error) }
        }
        self = try result.get()
    }

    private static func read(_ scanner: inout JSONScanner) throws(JSONError) -> JSONValue {
        let base = scanner.base
        switch try scanner.nextKind() {
        case .object:
            var members: [(key: String, value: JSONValue)] = []
            // Keyed by bytes: canonically equivalent names are different.
            var index: [[UInt8]: Int] = [:]
            _ = try scanner.members { key, scanner throws(JSONError) in
                let name = JSONText.string(base, key)
                let value = try read(&scanner)
                let bytes = Array(name.utf8)
                if let known = index[bytes] {
                    members[known].value = value
                } else {
                    index[bytes] = members.count
                    members.append((name, value))
                }
            }
            return .object(members)
        case .array:
            var elements: [JSONValue] = []
            _ = try scanner.elements { scanner throws(JSONError) in elements.append(try read(&scanner)) }
            return .array(elements)
        case .null, .true, .false, .integer, .fraction, .string:
            let slot = try scanner.value()
            switch slot.kind {
            case .null: return .null
            case .true: return .bool(true)
            case .false: return .bool(false)
            case .string: return .string(JSONText.string(base, slot))
            case .fraction: return .fraction(String(decoding: JSONText.bytes(base, slot.range), as: UTF8.self))
            case .integer, .array, .object:
                return .integer(String(decoding: JSONText.bytes(base, slot.range), as: UTF8.self))
            }
        }
    }

    /// A member of an object; nil if it is missing or the value is not an object.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(name.utf8) }?.value
    }

    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// An integer that fits; nil for everything else, `1.0` included.
    public var int: Int? {
        if case .integer(let text) = self { return Int(text) }
        return nil
    }

    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    public var array: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    public var object: [(key: String, value: JSONValue)]? {
        if case .object(let members) = self { return members }
        return nil
    }

    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// Compact JSON with members in order.
    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: JSONWriter.append(raw: "null", to: &bytes)
        case .bool(let value): JSONWriter.append(raw: value ? "true" : "false", to: &bytes)
        case .integer(let text), .fraction(let text): bytes.append(contentsOf: text.utf8)
        case .string(let text): JSONWriter.append(string: text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONWriter.append(string: member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}

extension JSONValue: Equatable {
    /// Compares values: the order of members does not count; numbers are equal if spelled alike, so 1 is not 1.0.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.integer(let one), .integer(let other)), (.fraction(let one), .fraction(let other)): one == other
        // Compare bytes, not canonical equivalence: a decomposed letter is another text.
        case (.string(let one), .string(let other)): one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)):
            one.count == other.count && one.allSatisfy { member in right[member.key] == member.value }
        case (.null, _), (.bool, _), (.integer, _), (.fraction, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

extension JSONValue: CustomStringConvertible {
    public var description: String { String(decoding: encode(), as: UTF8.self) }
}
