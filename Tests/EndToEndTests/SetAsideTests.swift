import CSQLite
import Foundation
import TestSupport
import Testing

/// The effect of damage to one conversation on the service: a real file, changed while Convey is stopped.
@Suite("A conversation that cannot be loaded")
struct SetAsideServiceTests {
    private static func run(_ deployment: Deployment, _ arguments: [String]) async throws -> ConveyProcess {
        let process = try ConveyProcess(
            arguments, in: deployment.directory, name: "\(arguments[0])-\(UUID().uuidString.prefix(8))")
        try await eventually("\(arguments) ends", seconds: 60) { process.ended != nil }
        return process
    }

    private static func execute(_ sql: String, _ deployment: Deployment) throws {
        var handle: OpaquePointer?
        try #require(sqlite3_open(deployment.journal, &handle) == SQLITE_OK)
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK)
    }

    private static func say(_ subject: String, _ deployment: Deployment) async throws -> ConveyProcess {
        try await run(deployment, ["send", subject, "one two", "--wait"] + deployment.brokerFlags)
    }

    @Test("It is set aside and reported everywhere, and the others are served", .timeLimit(.minutes(3)))
    func setAside() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        for subject in ["broken", "sound"] { #expect(try await Self.say(subject, deployment).ended == .exited(0)) }
        #expect(try await deployment.terminate() == .exited(0))
        try Self.execute(
            """
            UPDATE conversations SET state = '{"applied' WHERE subject = 'broken';
            UPDATE journal SET digest = digest + 1 WHERE position = (SELECT max(position) FROM journal
            WHERE applied_position IS NOT NULL
            AND conversation = (SELECT id FROM conversations WHERE subject = 'broken'));
            """, deployment)

        try await deployment.start()
        #expect(deployment.isReady)
        #expect(deployment.readiness.contains("1 set aside: broken"))
        #expect(deployment.metric("convey_conversations_set_aside") == 1)
        #expect(try await Self.say("sound", deployment).ended == .exited(0))
        let waiting = try await Self.run(deployment, ["send", "broken", "waits"] + deployment.brokerFlags)
        #expect(waiting.ended == .exited(0))
        let journal = try JournalFile(deployment.journal)
        try await eventually("the audit signal is recorded", seconds: 30) {
            try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.audit.conversation.set_aside'") == 1
        }
        #expect(try await deployment.terminate() == .exited(0))
        let verify = try await Self.run(deployment, ["verify", "--data", deployment.dataDirectory, "--json"])
        #expect(verify.ended == .exited(1))
        #expect(verify.output.contains(#""subject":"broken""#))

        // The next start tries again, and finds the conversation intact.
        try Self.execute(
            """
            UPDATE journal SET digest = digest - 1 WHERE position = (SELECT max(position) FROM journal
            WHERE applied_position IS NOT NULL
            AND conversation = (SELECT id FROM conversations WHERE subject = 'broken'));
            """, deployment)
        try await deployment.start()
        try await eventually("what waited is applied", seconds: 30) {
            try JournalAudit.isAtRest(journal) && deployment.metric("convey_conversations_set_aside") == 0
        }
        #expect(try await deployment.terminate() == .exited(0))
        let after = try await Self.run(deployment, ["verify", "--data", deployment.dataDirectory])
        #expect(after.ended == .exited(0), "\(after.output)\(after.log)")
    }
}
