import TestSupport
import Testing

/// The rules that every journal follows, whatever happened to the process that wrote it.
enum JournalAudit {
    private static let family =
        "CASE WHEN j.id IS NULL THEN 'applied' ELSE substr(j.type, 6, instr(substr(j.type, 6), '.') - 1) END"

    /// For each rule, a query that finds violations.
    private static let rules = [
        "recorded once": """
        SELECT c.subject, j.source, j.id, count(*) FROM journal j JOIN conversations c ON c.id = j.conversation
        WHERE j.id IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1
        """,
        "positions have no gaps": "SELECT max(position), count(*) FROM journal HAVING max(position) <> count(*)",
        "offsets have no gaps": """
        SELECT conversation, count(*), max(offset) FROM journal GROUP BY 1
        HAVING min(offset) <> 1 OR max(offset) <> count(*) OR count(DISTINCT offset) <> count(*)
        """,
        "sequences have no gaps": """
        SELECT j.conversation, \(family), count(*), max(j.sequence) FROM journal j GROUP BY 1, 2
        HAVING min(sequence) <> 1 OR max(sequence) <> count(*) OR count(DISTINCT sequence) <> count(*)
        """,
        "offsets and sequences follow the record order": """
        SELECT * FROM (
            SELECT j.position, j.offset, j.sequence, j.previous,
                lag(j.position, 1, 0) OVER w AS p, lag(j.offset, 1, 0) OVER w AS o,
                lag(j.sequence, 1, 0) OVER (PARTITION BY j.conversation, \(family) ORDER BY j.position) AS s
            FROM journal j WINDOW w AS (PARTITION BY j.conversation ORDER BY j.position))
        WHERE previous <> p OR offset <> o + 1 OR sequence <> s + 1
        """,
        "a marker is about an earlier signal of its conversation": """
        SELECT m.position, m.applied_position FROM journal m LEFT JOIN journal j ON j.position = m.applied_position
        WHERE m.id IS NULL AND (j.id IS NULL OR j.conversation <> m.conversation OR j.position > m.position)
        """,
        "apply orders of a partition have no gaps": """
        SELECT c.partition, count(*), max(j.apply_order) FROM journal j JOIN conversations c ON c.id = j.conversation
        WHERE j.id IS NULL GROUP BY 1
        HAVING max(j.apply_order) <> count(*) OR count(DISTINCT j.apply_order) <> count(*)
        """,
        "applied at most once": """
        SELECT applied_position, count(*) FROM journal WHERE id IS NULL GROUP BY 1 HAVING count(*) > 1
        """,
        "at most one end an effect": """
        SELECT \(effect), count(*) FROM journal WHERE \(isEnd) GROUP BY 1 HAVING count(*) > 1
        """,
    ]

    /// Rules that also hold once nothing is left to do.
    private static let rulesAtRest = [
        "everything is applied or a dead letter": """
        SELECT position, type, id FROM journal WHERE id IS NOT NULL
        AND position NOT IN (SELECT applied_position FROM journal WHERE id IS NULL)
        AND position NOT IN (SELECT position FROM dead_letters)
        """,
        "every effect that started has an end": """
        SELECT DISTINCT \(effect) FROM journal WHERE source = '/convey/effects' AND type LIKE '%.started'
        EXCEPT SELECT \(effect) FROM journal WHERE \(isEnd)
        """,
        "every message has an answer that ended": """
        SELECT 'effect-' || (SELECT value FROM settings WHERE name = 'tag') || '-' || position || '-0' FROM journal WHERE type = 'conv.in.message.received'
        AND position NOT IN (SELECT position FROM dead_letters)
        EXCEPT SELECT \(effect) FROM journal WHERE \(isEnd)
        """,
        "no effect is open": "SELECT cause, ordinal FROM effects",
    ]

    /// The effect of a lifecycle signal: its id without attempt and lifecycle. (`effect_id` is not enough: two signals
    /// with one id and different sources cause two effects with one `effect_id`.)
    private static let effect =
        "replace(id, '-' || json_extract(data, '$.attempt') || '-' || json_extract(data, '$.lifecycle'), '')"

    /// Convey's own effects: hosts may send anything under `conv.effect`.
    private static let isEnd = """
        (source = '/convey/effects' AND (type LIKE '%.completed' OR type LIKE '%.failed' OR type LIKE '%.canceled'))
        """

    /// Records an issue for each rule that a journal violates.
    static func expectSound(
        _ journal: JournalFile, isAtRest: Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for finding in try findings(journal, isAtRest: isAtRest) {
            Issue.record(Comment(rawValue: finding), sourceLocation: sourceLocation)
        }
    }

    /// The faults of a journal, one line each; empty if it follows the rules.
    static func findings(_ journal: JournalFile, isAtRest: Bool) throws -> [String] {
        var findings: [String] = []
        let integrity = try journal.texts("PRAGMA integrity_check")
        if integrity != ["ok"] { findings.append("integrity_check: \(integrity.prefix(5))") }
        for (rule, query) in isAtRest ? rules.merging(rulesAtRest, uniquingKeysWith: { $1 }) : rules {
            let broken = try journal.rows(query)
            if !broken.isEmpty { findings.append("\(rule): \(broken.count) are not, such as \(broken.prefix(3))") }
        }
        return findings
    }

    /// Whether everything recorded is applied, ended, and acknowledged by the broker.
    static func isAtRest(_ journal: JournalFile) throws -> Bool {
        try journal.number(
            """
            SELECT (SELECT count(*) FROM effects) = 0
            AND (SELECT count(*) FROM journal WHERE id IS NOT NULL)
                = (SELECT count(*) FROM journal WHERE id IS NULL) + (SELECT count(*) FROM dead_letters)
            AND (SELECT position FROM cursors WHERE name = 'outbox') = (SELECT max(position) FROM journal)
            """) == 1
    }
}
