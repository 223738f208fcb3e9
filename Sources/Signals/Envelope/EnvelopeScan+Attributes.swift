/// Reading single attributes.
extension EnvelopeScan {
    func isAbsent(_ name: AttributeName, orNull: Bool) -> Bool {
        guard let slot = top[name] else { return true }
        return orNull && slot.kind == .null
    }

    /// The attribute's text; the default if it is absent (or null, if that means absent), nil if it is not a string.
    func text(_ name: AttributeName, default standard: String? = nil, orNull: Bool = true) -> String? {
        guard let slot = top[name] else { return standard }
        switch slot.kind {
        case .string: return JSONText.string(base, slot)
        case .null: return orNull ? standard : nil
        case .true, .false, .integer, .fraction, .array, .object: return nil
        }
    }

    func checkNotEmpty(_ name: AttributeName) throws(Rejection) {
        if let slot = top[name], slot.kind == .string, slot.contentRange.isEmpty {
            throw Rejection(.attributeInvalid(name.text.description), "the attribute \(name.text) is empty")
        }
    }

    /// Accepts 1.0, and the spelling of patch releases (1.0.2) that some producers write.
    func checkSpecversion() throws(Rejection) {
        guard let slot = top[.specversion], slot.kind != .null else { return }
        if slot.kind == .string {
            if JSONText.equals(base, slot, "1.0") { return }
            if JSONText.string(base, slot).hasPrefix("1.0.") { return }
        }
        throw Rejection(.attributeInvalid("specversion"), "only CloudEvents 1.0 is supported")
    }

    /// The subject that `conversation_id` forms, with or without a `project_id`.
    func subjectAlias() -> String? {
        guard let conversation = presentText(.conversationIDAlias) else { return nil }
        guard let project = presentText(.projectIDAlias) else { return conversation }
        // Neither id is blank, and that is the only possible error.
        return (try? ConversationRef(projectID: project, conversationID: conversation))?.subject
    }

    /// A string that is not blank.
    private func presentText(_ name: AttributeName) -> String? {
        guard let slot = top[name], slot.kind == .string, !JSONText.isBlank(base, slot) else { return nil }
        return JSONText.string(base, slot)
    }
}
