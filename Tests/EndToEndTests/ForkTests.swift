import Foundation
import TestSupport
import Testing

@Suite("Forks")
struct ForkTests {
    private static func run(_ deployment: Deployment, _ name: String, _ arguments: [String]) async throws
        -> ConveyProcess
    {
        let process = try ConveyProcess(
            arguments, in: deployment.directory, name: "\(name)-\(UUID().uuidString.prefix(8))")
        try await eventually("\(name) ends", seconds: 30) { process.ended != nil }
        return process
    }

    private static func timeline(_ deployment: Deployment, _ subject: String, asOf: Int? = nil) throws -> [String] {
        let path = "/v1/conversations/\(subject)/timeline?limit=500" + (asOf.map { "&as_of=\($0)" } ?? "")
        let body = try #require(httpGet(path, port: deployment.httpPort)?.body)
        let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        return try (object?["entries"] as? [[String: Any]] ?? []).map { entry in
            let shown = entry.filter { ["event_id", "event_ids", "role", "kind", "content"].contains($0.key) }
            return String(
                decoding: try JSONSerialization.data(withJSONObject: shown, options: .sortedKeys), as: UTF8.self)
        }
    }

    /// The states of the entries that have one.
    private static func states(_ deployment: Deployment, _ subject: String) throws -> [String] {
        let body = try #require(
            httpGet("/v1/conversations/\(subject)/timeline?limit=500", port: deployment.httpPort)?.body)
        let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        return (object?["entries"] as? [[String: Any]] ?? []).compactMap { $0["state"] as? String }
    }

    @Test(
        "A fork shows its source's content, runs nothing again, can be repeated, and continues by itself",
        .timeLimit(.minutes(1)))
    func fork() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        for text in ["one two three", "four five"] {
            let sent = try await Self.run(
                deployment, "send", ["send", "chat", text, "--wait"] + deployment.brokerFlags)
            #expect(sent.ended == .exited(0))
        }
        let journal = try JournalFile(deployment.journal)
        try await eventually("everything is applied") { try JournalAudit.isAtRest(journal) }
        // In the middle of the first answer: an effect is in flight.
        let middle = try journal.number(
            "SELECT max(offset) FROM journal WHERE type LIKE '%generation.progress' AND offset < 20")
        let newest = try journal.number("SELECT max(offset) FROM journal")
        for (name, offset) in [("middle", middle), ("all", newest)] {
            let arguments = ["fork", "chat", name, "--at", "\(offset)"] + deployment.brokerFlags
            for _ in 0..<2 {
                let fork = try await Self.run(deployment, "fork", arguments)
                #expect(fork.ended == .exited(0), "\(fork.log)")
            }
            try await eventually("everything is applied") { try JournalAudit.isAtRest(journal) }
            let copied = try Self.timeline(deployment, name)
            #expect(copied == (try Self.timeline(deployment, "chat", asOf: offset)))
            #expect(!copied.isEmpty)
        }
        let effects =
            "SELECT count(*) FROM journal WHERE type LIKE '%.generation.started' AND source = '/convey/effects'"
        #expect(try journal.number(effects + " AND extensions IS NULL") == 2, "nothing has run again")
        #expect(try journal.number("SELECT count(*) FROM journal WHERE id LIKE 'forked-%'") == 2)
        #expect(try Self.states(deployment, "middle").last == "canceled", "an answer that goes on nowhere has an end")

        let other = try await Self.run(
            deployment, "fork", ["fork", "chat", "chat-2", "--at", "9999"] + deployment.brokerFlags)
        #expect(other.ended == .exited(1), "the source is not that long")
        let taken = try await Self.run(
            deployment, "fork", ["fork", "middle", "chat", "--at", "2"] + deployment.brokerFlags)
        #expect(taken.ended == .exited(1), "chat exists")

        let answered = try await Self.run(
            deployment, "send", ["send", "middle", "and now", "--wait"] + deployment.brokerFlags)
        #expect(answered.output == "and now\n")
        try await eventually("everything is applied") { try JournalAudit.isAtRest(journal) }
        let verified = try await Self.run(deployment, "verify", ["verify", "--data", deployment.dataDirectory])
        #expect(verified.ended == .exited(0), "\(verified.output)")
    }
}
