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
