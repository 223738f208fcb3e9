import TestSupport

/// Rules for the effects in a journal at rest, in addition to `JournalAudit` (docs/PROTOCOL.md, "Answers", "Timers").
enum EffectAudit {
    /// The outputs that end an answer: those of all generations except ones that continue after tool calls.
    private static let finals = """
        SELECT o.conversation, o.type, coalesce(
            json_extract(o.data, '$.metadata.answers'),
            replace(json_extract(o.data, '$.effect_id'), 'llm-generation-', '')) AS message
        FROM journal o
        WHERE o.type IN ('conv.out.assistant.completed', 'conv.out.assistant.failed', 'conv.out.assistant.canceled')
        AND coalesce(json_extract(o.data, '$.finish_reason'), '') <> 'tool_calls'
        """

    private static let rules = [
        "every message has one final answer": """
        SELECT m.id, count(f.message), group_concat(f.type) FROM journal m LEFT JOIN (\(finals)) f
            ON f.conversation = m.conversation AND f.message = m.id
        WHERE m.type = 'conv.in.message.received' GROUP BY m.position HAVING count(f.message) <> 1
        """,
        "a final answer belongs to a message": """
        SELECT f.message, f.type FROM (\(finals)) f LEFT JOIN journal m
            ON m.conversation = f.conversation AND m.id = f.message AND m.type = 'conv.in.message.received'
        WHERE m.id IS NULL
        """,
        "every timer has ended once": """
        SELECT t.id, count(e.id) FROM journal t LEFT JOIN journal e
            ON e.conversation = t.conversation AND json_extract(e.data, '$.effect_id') = 'timer-wait-' || t.id
            AND e.type LIKE 'conv.effect.timer.wait.%' AND e.type NOT LIKE '%.started'
        WHERE t.type = 'conv.in.timer.tick' GROUP BY t.position HAVING count(e.id) <> 1
        """,
        "attempts are numbered from 1 without gaps": """
        SELECT conversation, json_extract(data, '$.effect_id') AS effect, count(*), max(json_extract(data, '$.attempt'))
        FROM journal WHERE source = '/convey/effects' AND type LIKE 'conv.effect.%.started'
        GROUP BY 1, 2 HAVING count(*) <> max(json_extract(data, '$.attempt'))
        """,
        "no attempt starts, and nothing is streamed, after an effect's end": """
        SELECT later.id, ending.id FROM journal ending JOIN journal later
            ON later.conversation = ending.conversation AND later.position > ending.position
            AND later.source = '/convey/effects' AND later.type LIKE 'conv.effect.%'
            AND json_extract(later.data, '$.effect_id') = json_extract(ending.data, '$.effect_id')
        WHERE ending.source = '/convey/effects'
            AND json_extract(ending.data, '$.lifecycle') IN ('completed', 'failed', 'canceled')
        """,
    ]

    /// The faults of a journal, one line each; empty if it follows the rules.
    static func findings(_ journal: JournalFile) throws -> [String] {
        try rules.sorted { $0.key < $1.key }.compactMap { rule, query in
            let broken = try journal.rows(query)
            return broken.isEmpty ? nil : "\(rule): \(broken.count) are not, such as \(broken.prefix(3))"
        }
    }

    /// Published tool calls whose attempt the journal does not know, keys that several effects share, and effects whose
    /// attempts have several keys.
    static func findings(_ journal: JournalFile, calls: [PublishedCall]) throws -> [String] {
        let rows = try journal.rows(
            """
            SELECT c.subject, json_extract(j.data, '$.effect_id'), json_extract(j.data, '$.attempt')
            FROM journal j JOIN conversations c ON c.id = j.conversation
            WHERE j.source = '/convey/effects' AND j.type = 'conv.effect.tool.execution.started'
            """)
        let started = Set(rows)
        var findings = calls.filter { !started.contains([$0.subject, $0.effectID, "\($0.attempt)"]) }
            .map { "called, and not in the journal: \($0)" }
        let keys = Dictionary(grouping: calls) { [$0.subject, $0.effectID] }.mapValues {
            Set($0.map(\.idempotencyKey))
        }
        findings += keys.filter { $0.value.count > 1 }.map { "one effect, several keys: \($0)" }
        if Set(keys.values.joined()).count < keys.count { findings.append("effects share an idempotency key") }
        return findings
    }
}
