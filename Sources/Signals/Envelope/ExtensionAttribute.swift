/// The rules for extension attributes (CloudEvents 1.0.2, "Attribute Naming Convention" and "Type System"; JSON format,
/// section 2.2).
enum ExtensionAttribute {
    static let maximumNameBytes = 20

    /// `[a-z0-9]`, 1 to 20.
    static func isName(_ name: String) -> Bool {
        (1...maximumNameBytes).contains(name.utf8.count)
            && name.utf8.allSatisfy { isDigit($0) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) }
    }

    /// The problem with a value, or nil. A blank value means nothing; the standard extensions all forbid it.
    static func fault(_ value: JSONSlot, _ base: UnsafeRawPointer) -> String? {
        switch value.kind {
        case .true, .false: return nil
        case .integer:
            let digits = String(decoding: JSONText.bytes(base, value.range), as: UTF8.self)
            return Int32(digits) == nil ? "is a number of more than 32 bits; send it as a string" : nil
        case .string:
            if value.isEscaped { return AttributeText.fault(JSONText.string(base, value), maximumBytes: .max) }
            return AttributeText.fault(JSONText.bytes(base, value.contentRange), maximumBytes: .max)
        case .fraction: return "is a number with a fraction or an exponent; send it as a string"
        case .array, .object:
            return "is \(value.kind == .array ? "an array" : "an object"); CloudEvents allow those in data only"
        case .null: return nil
        }
    }

    /// Recorded members without those that CloudEvents forbid, which journals of earlier versions may contain.
    static func valid(_ members: [UInt8]) -> [UInt8] {
        let object = [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")]
        guard let view = JSONObjectView(object) else { return [] }
        let kept = view.members.filter { member in
            isName(view.key(member)) && member.value.kind != .null
                && object.withUnsafeBytes { bytes in
                    bytes.baseAddress.map { fault(member.value, $0) == nil } ?? false
                }
        }
        guard kept.count < view.members.count else { return members }
        var result: [UInt8] = []
        for member in kept {
            if !result.isEmpty { result.append(UInt8(ascii: ",")) }
            result += object[member.key.range]
            result.append(UInt8(ascii: ":"))
            result += object[member.value.range]
        }
        return result
    }
}
