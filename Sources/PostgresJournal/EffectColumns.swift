import Conversation
import JournalPort
import PostgreSQL
import Signals

/// Rows of the table `effects`.
enum EffectColumns {
    /// The columns of `effects e` and `conversations c` that `effect` decodes.
    static let selected = """
        e.cause, e.ordinal, e.conversation, c.subject, e.class, e.kind, e.effect_id, e.cause_id, e.attempt, e.round, \
        e.answers, e.policy, e.due_at, e.awaits_approval
        """

    static func insert(_ effects: [OpenEffect], into schema: ShardSchema) -> Call {
        var (cause, ordinal, conversation) = (Column.integers(), Column.integers(), Column.integers())
        var (effectClass, kind) = (Column.texts(), Column.texts())
        var (effectID, causeID) = (Column.bytes(), Column.bytes())
        var (attempt, round) = (Column.integers(), Column.integers())
        var (answers, policy) = (Column.bytes(), Column.bytes())
        var (dueAt, awaitsApproval) = (Column.integers(), Column.booleans())
        for effect in effects {
            cause.append(effect.key.cause.rawValue)
            ordinal.append(effect.key.ordinal)
            conversation.append(effect.conversation.rawValue)
            effectClass.append(effect.effectClass.rawValue)
            kind.append(effect.kind)
            effectID.append(effect.effectID)
            causeID.append(effect.causeID)
            attempt.append(effect.attempt)
            round.append(effect.round)
            answers.append(effect.answers)
            policy.append(effect.policy)
            dueAt.append(effect.dueAt)
            awaitsApproval.append(effect.awaitsApproval)
        }
        return Call(
            """
            INSERT INTO \(schema.table("effects")) (cause, ordinal, conversation, class, kind, effect_id, cause_id, attempt, round,
                answers, policy, due_at, awaits_approval)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::bytea[],
                $8::bigint[], $9::bigint[], $10::bytea[], $11::bytea[], $12::bigint[], $13::boolean[])
            """,
            [
                .column(cause), .column(ordinal), .column(conversation), .column(effectClass), .column(kind),
                .column(effectID), .column(causeID), .column(attempt), .column(round), .column(answers),
                .column(policy),
                .column(dueAt), .column(awaitsApproval),
            ])
    }

    /// Updates the attempt, the due time, and whether the effect waits for approval.
    static func update(_ effects: [OpenEffect], in schema: ShardSchema) -> Call {
        // With several rows for one effect an UPDATE would use an arbitrary one. Only the last row counts.
        var last: [EffectKey: OpenEffect] = [:]
        for effect in effects { last[effect.key] = effect }
        var (cause, ordinal, attempt) = (Column.integers(), Column.integers(), Column.integers())
        var (dueAt, awaitsApproval) = (Column.integers(), Column.booleans())
        for effect in last.values {
            cause.append(effect.key.cause.rawValue)
            ordinal.append(effect.key.ordinal)
            attempt.append(effect.attempt)
            dueAt.append(effect.dueAt)
            awaitsApproval.append(effect.awaitsApproval)
        }
        return Call(
            """
            UPDATE \(schema.table("effects")) e SET attempt = n.attempt, due_at = n.due_at, awaits_approval = n.awaits_approval
            FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[])
                AS n (cause, ordinal, attempt, due_at, awaits_approval)
            WHERE e.cause = n.cause AND e.ordinal = n.ordinal
            """,
            [.column(cause), .column(ordinal), .column(attempt), .column(dueAt), .column(awaitsApproval)])
    }

    static func delete(_ keys: [EffectKey], from schema: ShardSchema) -> Call {
        var (cause, ordinal) = (Column.integers(), Column.integers())
        for key in keys {
            cause.append(key.cause.rawValue)
            ordinal.append(key.ordinal)
        }
        return Call(
            """
            DELETE FROM \(schema.table("effects")) e USING unnest($1::bigint[], $2::bigint[]) AS n (cause, ordinal)
            WHERE e.cause = n.cause AND e.ordinal = n.ordinal
            """, [.column(cause), .column(ordinal)])
    }

    /// Decodes a row with the columns `selected`.
    static func effect(_ rows: Rows, _ row: Int) -> StoredEffect {
        let key = EffectKey(cause: Position(rows.integer(row, 0)), ordinal: Int(rows.integer(row, 1)))
        let conversation = ConversationID(rows.integer(row, 2))
        func unreadable(_ reason: String) -> StoredEffect {
            .unreadable(UnreadableEffect(key: key, conversation: conversation, reason: reason))
        }
        guard let subject = rows.text(row, 3) else { return unreadable("its conversation has no row") }
        guard let effectClass = rows.text(row, 4).flatMap(EffectClass.init(rawValue:)), let kind = rows.text(row, 5),
            kind == effectClass.kind
        else {
            return unreadable("it has class \(rows.text(row, 4) ?? "none"), kind \(rows.text(row, 5) ?? "none")")
        }
        guard rows.integer(row, 8) >= 0, rows.integer(row, 9) >= 0 else {
            return unreadable("its attempt or round is negative")
        }
        return .open(
            OpenEffect(
                key: key, conversation: conversation, subject: subject, effectClass: effectClass, kind: kind,
                effectID: rows.text(row, 6) ?? "", causeID: rows.text(row, 7) ?? "",
                attempt: Int(rows.integer(row, 8)), round: Int(rows.integer(row, 9)), answers: rows.text(row, 10),
                policy: rows.isNull(row, 11) ? nil : rows.bytes(row, 11),
                dueAt: rows.isNull(row, 12) ? nil : rows.integer(row, 12), awaitsApproval: rows.isTrue(row, 13)))
    }
}
