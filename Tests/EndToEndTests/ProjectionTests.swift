import Conversation
import Foundation
import Glibc
import TestSupport
import Testing

/// `convey project` as a process of its own.
@Suite("Projection consumer", .serialized)
struct ProjectionTests {
    private static let conversations = 1_000
    private static let kills = 20

    @Test(
        "A consumer killed at any moment ends with the journal's timelines", .timeLimit(.minutes(4)))
    func killedConsumer() async throws {
        var generator = SeededGenerator.announced("killedConsumer")
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let database = deployment.directory.appendingPathComponent("projection.db").path
        var consumer = try Self.launch(deployment, database, 0)
        try await eventually("it has a session") { deployment.broker.log.contains("conv/applied/#") }

        let client = try await deployment.client()
        let perKill = Self.conversations / Self.kills
        for kill in 0..<Self.kills {
            let numbers = kill * perKill..<(kill + 1) * perKill
            try await client.publishMany(numbers.flatMap { Self.messages($0).map(\.message) })
            // A random moment, not an event: anything between its start and its work on the backlog.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &generator)))
            consumer.kill()
            consumer = try Self.launch(deployment, database, kill + 1)
        }
        let journal = try JournalFile(deployment.journal)
        try await Self.waitUntilRead(journal, database, consumer)
        let differences = try Self.differences(journal, database)
        #expect(differences == [], "\(consumer.log.suffix(2_000))")
        consumer.send(signal: SIGTERM)
        try await eventually("it ends") { consumer.ended != nil }
        #expect(consumer.ended == .exited(0))
        await client.stop()
    }

    /// The way in which a consumer queries.
    enum Asking: CaseIterable {
        case overMQTT, overHTTP
        /// MQTT 3.1.1 has no response topics, so this consumer queries over HTTP.
        case withMQTT311

        func flags(_ deployment: Deployment) -> [String] {
            let http = ["--http", "127.0.0.1:\(deployment.httpPort)"]
            return switch self {
            case .overMQTT: []
            case .overHTTP: http
            case .withMQTT311: ["--mqtt-version", "3.1.1"] + http
            }
        }
    }

    @Test(
        "A consumer that starts late, or loses its session, queries the missing events", .timeLimit(.minutes(2)),
        arguments: Asking.allCases)
    func lateConsumer(asking: Asking) async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let client = try await deployment.client()
        try await client.publishMany((0..<40).flatMap { Self.messages($0).map(\.message) })
        let journal = try JournalFile(deployment.journal)
        try await eventually("everything is applied") {
            try journal.number("SELECT count(*) FROM journal WHERE id LIKE 'm-%'") == 40
                && JournalAudit.isAtRest(journal)
        }
        let database = deployment.directory.appendingPathComponent("projection.db").path
        var consumer = try Self.launch(deployment, database, 0, asking.flags(deployment))
        try await Self.waitUntilRead(journal, database, consumer)
        #expect(try Self.differences(journal, database) == [])

        // Another client id is another session: no session receives the events published meanwhile.
        consumer.kill()
        try await client.publishMany((40..<60).flatMap { Self.messages($0).map(\.message) })
        try await eventually("everything is applied") {
            try journal.number("SELECT count(*) FROM journal WHERE id LIKE 'm-%'") == 60
                && JournalAudit.isAtRest(journal)
        }
        consumer = try Self.launch(
            deployment, database, 1, ["--broker-client-id", "another"] + asking.flags(deployment))
        try await Self.waitUntilRead(journal, database, consumer)
        #expect(try Self.differences(journal, database) == [])
        consumer.kill()
        await client.stop()
    }

    private static func launch(
        _ deployment: Deployment, _ database: String, _ start: Int, _ more: [String] = []
    ) throws -> ConveyProcess {
        try ConveyProcess(
            ["project", "--database", database] + deployment.brokerFlags + more, in: deployment.directory,
            name: "project-\(start)")
    }

    private static func messages(_ number: Int) -> [OwnSignal] {
        [("m", "conv.in.message.received"), ("n", "conv.in.note.taken")].map { id, type in
            OwnSignal(
                subject: "small-\(number)", source: "/test", id: "\(id)-\(number)", type: type,
                content: "one two number \(number)")
        }
    }

    /// Waits until everything is published and the consumer has all of it.
    private static func waitUntilRead(
        _ journal: JournalFile, _ database: String, _ consumer: ConveyProcess
    ) async throws {
        try await eventually("the journal is at rest", seconds: 60) { try JournalAudit.isAtRest(journal) }
        let markers = try journal.number("SELECT count(*) FROM journal WHERE id IS NULL")
        let outputs = try journal.number("SELECT count(*) FROM journal WHERE type LIKE 'conv.out.%'")
        try await eventually("the consumer has everything", seconds: 60) {
            if let end = consumer.ended { throw TestSupportError("it ended (\(end)): \(consumer.log)") }
            // The consumer may not have made its tables yet.
            guard let projection = try? JournalFile(database),
                (try? projection.number("SELECT count(*) FROM sqlite_schema WHERE name = 'timeline'")) == 1
            else { return false }
            return try projection.number("SELECT coalesce(sum(sequence), 0) FROM progress") == markers + outputs
                && projection.number("SELECT count(*) FROM holes") == 0
        }
    }

    /// Conversations whose timeline in the projection differs from the journal's, compared byte for byte.
    private static func differences(_ journal: JournalFile, _ database: String) throws -> [String] {
        var expected: [String: TimelineProjection] = [:]
        let rows = try journal.rows(
            """
            SELECT c.subject, j.id, j.type, j.data FROM journal j JOIN conversations c ON c.id = j.conversation
            WHERE j.id IS NOT NULL ORDER BY j.position
            """)
        for row in rows {
            expected[row[0], default: TimelineProjection(options: TimelineProjection.Options(shape: .reference))].apply(
                ProjectionEvent(id: row[1], type: row[2], subject: row[0], data: Array(row[3].utf8)))
        }
        var found: [String: [String]] = [:]
        for row in try JournalFile(database).rows("SELECT subject, entry FROM timeline ORDER BY subject, position") {
            found[row[0], default: []].append(row[1])
        }
        return expected.compactMap { subject, timeline in
            let entries = timeline.all.map { String(decoding: $0.encode(), as: UTF8.self) }
            return found[subject] == entries ? nil : "\(subject): \(found[subject] ?? []) is not \(entries)"
        }
    }
}
