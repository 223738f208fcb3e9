import JournalPort

/// Writes open effects.
final class EffectChanges {
    private let insertRow: Statement
    private let updateRow: Statement
    private let deleteRow: Statement

    init(_ database: Database) throws(JournalError) {
        insertRow = try database.prepare(
            insertInto: "effects",
            [
                "cause", "ordinal", "conversation", "class", "kind", "effect_id", "cause_id", "attempt", "round",
                "answers",
                "policy", "due_at", "awaits_approval",
            ])
        updateRow = try database.prepare(
            "UPDATE effects SET attempt = ?1, due_at = ?2, awaits_approval = ?3 WHERE cause = ?4 AND ordinal = ?5")
        deleteRow = try database.prepare("DELETE FROM effects WHERE cause = ?1 AND ordinal = ?2")
    }

    func insert(_ effect: OpenEffect) throws(JournalError) {
        insertRow.append(effect.key.cause.rawValue)
        insertRow.append(effect.key.ordinal)
        insertRow.append(effect.conversation.rawValue)
        insertRow.append(effect.effectClass.rawValue)
        insertRow.append(effect.kind)
        insertRow.append(effect.effectID)
        insertRow.append(effect.causeID)
        insertRow.append(effect.attempt)
        insertRow.append(effect.round)
        insertRow.append(effect.answers)
        insertRow.append(utf8: effect.policy)
        insertRow.append(effect.dueAt)
        insertRow.append(effect.awaitsApproval ? 1 : 0)
        try insertRow.run()
    }

    /// Writes the attempt, the due time, and whether it waits for approval.
    func update(_ effect: OpenEffect) throws(JournalError) {
        updateRow.append(effect.attempt)
        updateRow.append(effect.dueAt)
        updateRow.append(effect.awaitsApproval ? 1 : 0)
        updateRow.append(effect.key.cause.rawValue)
        updateRow.append(effect.key.ordinal)
        try updateRow.run()
    }

    func delete(_ key: EffectKey) throws(JournalError) {
        deleteRow.append(key.cause.rawValue)
        deleteRow.append(key.ordinal)
        try deleteRow.run()
    }
}
