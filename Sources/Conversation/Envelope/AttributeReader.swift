/// Reads single attributes out of a scanned envelope.
struct AttributeReader {
    let base: UnsafeRawPointer
    let attributes: EnvelopeScan.Attributes
    let takesNullForAbsent: Bool

    func isAbsent(_ name: AttributeName) -> Bool {
        guard let slot = attributes[name] else { return true }
        return takesNullForAbsent && slot.kind == .null
    }

    /// The attribute's text; the default if it is absent, nil if it is no string.
    func text(_ name: AttributeName, default standard: String?) -> String? {
        guard let slot = attributes[name] else { return standard }
        switch slot.kind {
        case .string: return JSONText.string(base, slot)
        case .null: return takesNullForAbsent ? standard : nil
        case .true, .false, .integer, .fraction, .array, .object: return nil
        }
    }

    func checkNotEmpty(_ name: AttributeName) throws(Rejection) {
        if let slot = attributes[name], slot.kind == .string, slot.contentRange.isEmpty {
            throw Rejection(.attributeInvalid(name.text.description), "the attribute \(name.text) is empty")
        }
    }

    /// 1.0, and the patch releases' own spelling (1.0.2) that some producers write.
    func checkSpecversion() throws(Rejection) {
        guard let slot = attributes[.specversion], slot.kind != .null else { return }
        if slot.kind == .string {
            if JSONText.equals(base, slot, "1.0") { return }
            if JSONText.string(base, slot).hasPrefix("1.0.") { return }
        }
        throw Rejection(.attributeInvalid("specversion"), "only CloudEvents 1.0 is understood")
    }

    /// The subject that `conversation_id` makes, with or without a `project_id`.
    func subjectAlias() -> String? {
        guard let conversation = presentText(.conversationIDAlias) else { return nil }
        guard let project = presentText(.projectIDAlias) else { return conversation }
        // Neither id is blank, which is all that can be wrong with one.
        return (try? ConversationRef(projectID: project, conversationID: conversation))?.subject
    }

    /// A string that is not blank.
    private func presentText(_ name: AttributeName) -> String? {
        guard let slot = attributes[name], slot.kind == .string, !JSONText.isBlank(base, slot) else { return nil }
        return JSONText.string(base, slot)
    }
}

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
