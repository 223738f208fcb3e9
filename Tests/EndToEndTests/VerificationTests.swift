import CSQLite
import Foundation
import TestSupport
import Testing

@Suite("Verification and dead letters")
struct VerificationTests {
    private static func run(_ deployment: Deployment, _ arguments: [String]) async throws -> ConveyProcess {
        let process = try ConveyProcess(
            arguments, in: deployment.directory, name: "\(arguments[0])-\(UUID().uuidString.prefix(8))")
        try await eventually("\(arguments) ends", seconds: 30) { process.ended != nil }
        return process
    }

    @Test(
        "The background verification counts its progress, and readiness reports a difference",
        .timeLimit(.minutes(1)))
    func background() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let sent = try await Self.run(deployment, ["send", "chat", "one two", "--wait"] + deployment.brokerFlags)
        #expect(sent.ended == .exited(0))
        try await eventually("a conversation is verified", seconds: 30) {
            deployment.metric("convey_verified_conversations_total") > 0
        }
        #expect(deployment.metric("convey_verification_differences_total") == 0)
        #expect(!deployment.readiness.contains("verification"))
        #expect(try await deployment.terminate() == .exited(0))

        var handle: OpaquePointer?
        try #require(sqlite3_open(deployment.journal, &handle) == SQLITE_OK)
        let sql = "UPDATE journal SET sequence = 7 WHERE position = 4"
        try #require(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK)
        sqlite3_close_v2(handle)
        try await deployment.start()
        try await eventually("the difference is found", seconds: 30) {
            deployment.metric("convey_verification_differences_total") > 0
        }
        #expect(deployment.readiness.contains("difference: sequence"))
        #expect(deployment.isReady)
        let verify = try await Self.run(deployment, ["verify", "--data", deployment.dataDirectory, "--json"])
        #expect(verify.ended == .exited(1))
        #expect(verify.output.contains(#""kind":"sequence""#))
    }

    @Test(
        "Dead letters are listed, re-driven and discarded, with and without a service", .timeLimit(.minutes(1)))
    func deadLetters() async throws {
        let deployment = try Deployment(["--scheduler-cause-timeout", "1s"])
        try await deployment.start()
        let client = try await deployment.client()
        func publish(_ id: String, cause: String?) async throws {
            let causation = cause.map { #","causationid":"\#($0)""# } ?? ""
            let envelope =
                #"{"specversion":"1.0","id":"\#(id)","source":"/t","type":"conv.in.note.taken""#
                + causation + #","data":{"n":1}}"#
            try await client.publish(topic: "conv/in/chat", payload: Array(envelope.utf8))
        }
        for id in ["a", "b", "c"] { try await publish(id, cause: "first-\(id)") }
        let journal = try JournalFile(deployment.journal)
        try await eventually("three dead letters") { try journal.number("SELECT count(*) FROM dead_letters") == 3 }
        for id in ["a", "b"] { try await publish("first-\(id)", cause: nil) }
        try await eventually("the causes are applied") { try JournalAudit.isAtRest(journal) }

        let http = ["--http", "127.0.0.1:\(deployment.httpPort)"]
        func position(_ id: String) throws -> String {
            try journal.texts("SELECT position FROM journal WHERE id = '\(id)'").first ?? "0"
        }
        let list = try await Self.run(deployment, ["deadletters", "list"] + http)
        #expect(list.output.split(separator: "\n").count == 4, "\(list.output)\(list.log)")
        let show = try await Self.run(deployment, ["deadletters", "show", try position("a")] + http)
        #expect(show.output.contains("cause        first-a"), "\(show.output)")
        let redrive = try await Self.run(deployment, ["deadletters", "redrive", try position("a")] + http)
        #expect(redrive.ended == .exited(0), "\(redrive.output)\(redrive.log)")
        try await eventually("a is applied") {
            try journal.number(
                "SELECT count(*) FROM journal WHERE applied_position = \(try position("a"))") == 1
        }
        let missing = try await Self.run(deployment, ["deadletters", "show", "9999"] + http)
        #expect(missing.ended == .exited(66))
        let refused = try await Self.run(
            deployment, ["deadletters", "redrive", try position("b"), "--data", deployment.dataDirectory])
        #expect(refused.ended == .exited(69), "a service runs")

        await client.stop()
        #expect(try await deployment.terminate() == .exited(0))
        let data = ["--data", deployment.dataDirectory]
        let offline = try await Self.run(deployment, ["deadletters", "redrive", try position("b")] + data)
        #expect(offline.ended == .exited(0), "\(offline.output)\(offline.log)")
        let discard = try await Self.run(deployment, ["deadletters", "discard", "--all"] + data)
        #expect(discard.output.contains("discarded"), "\(discard.output)")
        try await deployment.start()
        try await eventually("b is applied by the next start") {
            try journal.number(
                "SELECT count(*) FROM journal WHERE applied_position = \(try position("b"))") == 1
        }
        #expect(deployment.metric("convey_dead_letters_open") == 0)
        let verify = try await Self.run(deployment, ["verify"] + data)
        #expect(verify.ended == .exited(0), "\(verify.output)")
    }
}
