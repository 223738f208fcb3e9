import TestSupport

/// The invariants of journal and consumers after a load, whatever was killed meanwhile.
enum LoadAudit {
    /// Waits until everything published is recorded, applied, answered, and received by the listener.
    static func waitUntilSettled(
        _ deployment: Deployment, _ load: Load, _ listener: Listener, seconds: Double = 90
    ) async throws {
        let journal = try JournalFile(deployment.journal)
        let published = Set(load.signals.joined()).count
        try await eventually("all \(published) signals are recorded and at rest", seconds: seconds) {
            guard try journal.number("SELECT count(*) FROM journal WHERE source LIKE '/load/%'") >= published else {
                return false
            }
            return try JournalAudit.isAtRest(journal)
        }
        let events = try journal.number("SELECT count(*) FROM journal WHERE id IS NULL OR type NOT LIKE 'conv.in.%'")
        try await eventually(
            "the listener has all \(events) events (it has \(listener.distinctCount))", seconds: seconds
        ) { listener.distinctCount >= events }
    }

    static func findings(_ journal: JournalFile, _ load: Load, _ listener: Listener) throws -> [String] {
        try JournalAudit.findings(journal, isAtRest: true) + recordOrder(journal, load)
            + deliveries(journal, listener)
    }

    /// Every signal is recorded, nothing else is, and a publisher's signals of one subject are in order.
    private static func recordOrder(_ journal: JournalFile, _ load: Load) throws -> [String] {
        let rows = try journal.rows(
            """
            SELECT c.subject, j.source, j.id FROM journal j JOIN conversations c ON c.id = j.conversation
            WHERE j.source LIKE '/load/%' ORDER BY j.position
            """)
        let recorded = Dictionary(grouping: rows) { [$0[0], $0[1]] }.mapValues { $0.map { $0[2] } }
        let expected = Dictionary(grouping: load.signals.joined()) { [$0.subject, $0.source] }.mapValues {
            $0.map(\.id)
        }
        return Set(recorded.keys).union(expected.keys).compactMap { key in
            let (was, should) = (recorded[key] ?? [], expected[key] ?? [])
            guard was != should else { return nil }
            let (lost, extra) = (Set(should).subtracting(was), Set(was).subtracting(should))
            return "\(key): lost \(lost.prefix(5)), extra \(extra.prefix(5)), "
                + "order kept: \(lost.isEmpty && extra.isEmpty ? "no" : "unknown")"
        }
    }

    /// The listener received every event at least once, as recorded in the journal, and identical each time.
    private static func deliveries(_ journal: JournalFile, _ listener: Listener) throws -> [String] {
        struct Place: Hashable { var subject: String, family: String, sequence: String }
        struct Identity: Equatable { var id: String, offset: String }
        let rows = try journal.rows(
            """
            SELECT c.subject, coalesce(j.type, 'conv.applied.'), j.sequence,
                coalesce(
                    j.id, 'applied-' || (SELECT value FROM settings WHERE name = 'tag') || '-' || j.applied_position),
                j.offset
            FROM journal j JOIN conversations c ON c.id = j.conversation
            WHERE j.id IS NULL OR j.type NOT LIKE 'conv.in.%'
            """)
        var missing: [Place: Identity] = [:]
        for row in rows {
            let family = row[1].split(separator: ".")[1]
            missing[Place(subject: row[0], family: String(family), sequence: row[2])] = Identity(
                id: row[3], offset: row[4])
        }
        let journaled = missing
        var findings: [String] = []
        for event in listener.events {
            let place = Place(subject: event.subject, family: event.family, sequence: "\(event.sequence)")
            missing[place] = nil
            let got = Identity(id: event.id, offset: "\(event.offset)")
            if journaled[place] != got {
                findings.append(
                    "published \(got) as \(place), journaled \(journaled[place].map { "\($0)" } ?? "nothing")")
            }
        }
        if !missing.isEmpty { findings.append("\(missing.count) events never came, such as \(missing.prefix(3))") }
        return Array(findings.prefix(10))
    }
}
