/// The extension attributes that a signal carries, by name; the last one set wins.
struct ExtensionMembers {
    let base: UnsafeRawPointer
    private var members: [(name: String, value: JSONSlot)] = []
    private var isOverfull = false

    init(base: UnsafeRawPointer) { self.base = base }

    mutating func set(_ member: JSONMember) { set(JSONText.string(base, member.key), member.value) }

    /// Null unsets (CloudEvents JSON format, section 3.1).
    mutating func set(_ name: String, _ value: JSONSlot) {
        let index = members.firstIndex { $0.name == name }
        if value.kind == .null {
            if let index { members.remove(at: index) }
        } else if let index {
            members[index].value = value
        } else if members.count < Contract.maximumExtensions {
            members.append((name, value))
        } else {
            isOverfull = true
        }
    }

    /// `project_id`, under its CloudEvents name unless that is there already.
    mutating func setProject(inExtensions: JSONSlot?, inEnvelope: JSONSlot?) {
        guard !members.contains(where: { $0.name == "projectid" }) else { return }
        if let inExtensions {
            set("projectid", inExtensions)
        } else if let inEnvelope, inEnvelope.kind == .string, !JSONText.isBlank(base, inEnvelope) {
            set("projectid", inEnvelope)
        }
    }

    /// Whether they may appear in a CloudEvent. Like all trace context, trace state is a hint: an invalid one is
    /// dropped.
    mutating func check() throws(Rejection) {
        members.removeAll {
            $0.name == "tracestate" && ($0.value.kind != .string || ExtensionAttribute.fault($0.value, base) != nil)
        }
        for member in members {
            guard member.name != "dataschema" else { continue }
            guard ExtensionAttribute.isName(member.name) else {
                throw Rejection(
                    .attributeInvalid(Self.label(member.name)),
                    "the name of an attribute has 1 to \(ExtensionAttribute.maximumNameBytes) of a-z and 0-9; other members belong in data"
                )
            }
            if let fault = ExtensionAttribute.fault(member.value, base) {
                throw Rejection(.attributeInvalid(member.name), "the attribute \(member.name) \(fault)")
            }
            if member.name == Signal.forkedFrom, !isPlace(member.value) {
                throw Rejection(
                    .attributeInvalid(member.name),
                    "the attribute forkedfrom must be {subject}/{offset}, the subject encoded as in a topic")
            }
        }
    }

    /// A name that may appear in a code: ambiguous or long names are not repeated.
    private static func label(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"")
        }
        return isPlain && (1...64).contains(name.utf8.count) ? name : "extensions"
    }

    /// `{subject}/{offset}`.
    private func isPlace(_ value: JSONSlot) -> Bool {
        guard value.kind == .string else { return false }
        let parts = JSONText.string(base, value).split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && TopicName.decode(level: String(parts[0])) != nil
            && parts[1].utf8.allSatisfy(isDigit) && Int64(parts[1]) != nil
    }

    /// JSON members without braces.
    func encode() throws(Rejection) -> [UInt8] {
        guard !isOverfull else {
            throw Rejection(
                .attributeInvalid("extensions"), "more than \(Contract.maximumExtensions) extension attributes")
        }
        var bytes: [UInt8] = []
        for (index, member) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: member.name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: JSONText.bytes(base, member.value.range))
        }
        return bytes
    }
}
