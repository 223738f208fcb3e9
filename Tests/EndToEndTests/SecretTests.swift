import Foundation
import MQTTTransport
import Synchronization
import TestSupport
import Testing

@Suite("Secrets")
struct SecretTests {
    private static let modelKey = "sk-RECOGNISABLE-model-key-71c2"
    private static let modelHeader = "RECOGNISABLE-model-header-98d1"
    private static let toolHeader = "RECOGNISABLE-tool-header-5ab0"
    private static let password = "RECOGNISABLE-broker-password-3e77"
    /// The common part of all secrets.
    private static let mark = "RECOGNISABLE"

    /// A provider that, as some do, reveals the key it was sent before it answers.
    private static func model() throws -> ScriptedModel {
        let attempts = Counter()
        return try ScriptedModel { request, reply in
            let shown = "wrong key \(modelKey), header \(modelHeader)"
            let attempt = request.question == "stumble" ? attempts.next() : 0
            switch (request.question, max(request.rounds, attempt)) {
            case ("refuse", _):
                try reply.connection.reply(status: 401, #"{"error":{"message":"\#(shown)","code":"\#(modelKey)"}}"#)
            case ("stumble", 1):
                try reply.connection.reply(status: 500, headers: ["X-Key: \(modelKey)"], shown)
            case ("stumble", 2):
                try reply.connection.beginStream()
                try reply.connection.events([#"{"error":{"message":"\#(shown)"}}"#])
                try reply.connection.endStream()
            case ("use a tool", 0):
                try reply.call(
                    [.init(name: "lookup", arguments: "{}"), .init(name: "lookup", arguments: "{}")], id: "c")
            default:
                try reply.say(["fine"])
                try reply.finish()
            }
        }
    }

    /// A tool's server that repeats the request in its errors.
    private static func tool() throws -> ScriptedHTTPServer {
        let attempts = Counter()
        return try ScriptedHTTPServer { request, connection in
            let shown = #"{"error":"I do not like \#(request["x-token"] ?? "")"}"#
            switch attempts.next() {
            case 1: try connection.reply(status: 500, shown)
            case 2: try connection.reply(status: 403, shown)
            default: try connection.reply(status: 400, shown)
            }
        }
    }

    @Test("Keys and header secrets appear only where they are sent, whatever fails", .timeLimit(.minutes(2)))
    func nowhere() async throws {
        let (model, tool) = (try Self.model(), try Self.tool())
        let secrets = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: secrets, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: secrets) }  // Only temporary files would remain.
        func file(_ name: String, _ text: String) throws -> String {
            let file = secrets.appendingPathComponent(name)
            try text.write(to: file, atomically: true, encoding: .utf8)
            return file.path
        }
        let key = try file("model-key", Self.modelKey + "\n")
        let headers = try file("model-headers", "X-Gateway: \(Self.modelHeader)\n")
        let token = try file("tool-token", Self.toolHeader + "\n")
        let settings = try file(
            "convey.yaml",
            """
            broker: {username: convey, password_file: \(file("password", Self.password + "\n"))}
            llm:
              provider: guarded
              providers:
                guarded: {base_url: \(model.baseURL), model: m, api_key_file: \(key), headers_file: \(headers)}
            tools:
              lookup: {transport: http, url: "http://127.0.0.1:\(tool.port)/lookup", header_files: {X-Token: \(token)}}
            """)
        let deployment = try Deployment([
            "--config", settings, "--log-level", "trace", "--effects-llm-backoff", "20ms", "--effects-tool-backoff",
            "20ms",
        ])
        try await deployment.start()
        let listener = try await deployment.listener(["#"])
        let client = try await deployment.client()
        try await client.publishMany([
            .message("refuse", to: "a", id: "a"), .message("stumble", to: "b", id: "b"),
            .message("use a tool", to: "c", id: "c"),
        ])
        let failed = try await listener.first("conv.out.assistant.failed", of: "a")
        #expect(failed.data("category") == "auth")
        for subject in ["b", "c"] { _ = try await listener.first("conv.out.assistant.completed", of: subject) }
        let metrics = httpGet("/metrics", port: deployment.httpPort)?.body ?? ""
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        // A crash leaves the most behind: the contents of the WAL stay there.
        deployment.kill()
        let printed = try ConveyProcess(
            ["serve", "--print-config", "--config", settings], environment: ["CONVEY_LLM_API_KEY": Self.modelKey],
            in: deployment.directory, name: "print-config")
        try await eventually("--print-config ends") { printed.ended != nil }
        #expect(printed.ended == .exited(0), "\(printed.log)")
        #expect(printed.output.contains("guarded"))

        // The log has each failure, and the metrics count it.
        let log = String(
            decoding: try Data(contentsOf: deployment.directory.appendingPathComponent("convey-1.log")), as: UTF8.self)
        for (message, status, category) in [
            ("a model failed", 401, "auth"), ("a model failed", 500, "provider"), ("a tool failed", 500, "provider"),
            ("a tool failed", 403, "auth"),
        ] {
            let lines = log.split(separator: "\n").filter {
                $0.contains(message) && $0.contains("status=\(status)") && $0.contains("category=\(category)")
            }
            #expect(lines.count == 1, "\(message), \(status): \(lines)")
        }
        #expect(metrics.contains("convey_llm_failures_total{provider=\"guarded\",category=\"auth\"} 1\n"))
        #expect(metrics.contains("convey_llm_failures_total{provider=\"guarded\",category=\"provider\"} 2\n"))
        #expect(metrics.contains("convey_tool_failures_total{tool=\"lookup\",category=\"provider\"} 1\n"))
        #expect(metrics.contains("convey_build_info{version="))

        // The secrets were sent where they belong, and the failures occurred as planned.
        #expect(model.server.requests.allSatisfy { $0["authorization"] == "Bearer \(Self.modelKey)" })
        #expect(model.server.requests.allSatisfy { $0["x-gateway"] == Self.modelHeader })
        #expect(tool.requests.count >= 3 && tool.requests.allSatisfy { $0["x-token"] == Self.toolHeader })
        #expect(model.requests.count >= 5)

        for (place, text) in try Self.places(deployment, listener) + [("/metrics", metrics)] {
            let isShown = text.contains(Self.mark)
            #expect(!isShown, "\(place) shows a secret: \(Self.around(text))")
        }
        await client.stop()
        await listener.stop()
    }

    /// Everything left behind: logs, output, the journal's files, and the broker's traffic.
    private static func places(_ deployment: Deployment, _ listener: Listener) throws -> [(String, String)] {
        let files = FileManager.default.enumerator(atPath: deployment.directory.path)?.allObjects as? [String] ?? []
        var places = files.compactMap { name in
            FileManager.default.contents(atPath: deployment.directory.appendingPathComponent(name).path)
                .map { (name, String(decoding: $0, as: UTF8.self)) }
        }
        #expect(
            ["data/journal.db", "data/journal.db-wal", "convey-1.log", "print-config.out"].allSatisfy(files.contains))
        #expect(listener.count > 20)
        places += listener.events.map { ($0.topic, String(decoding: $0.payload, as: UTF8.self)) }
        places += listener.strays.map {
            ($0.topic, String(decoding: $0.payload, as: UTF8.self) + "\($0.userProperties)")
        }
        return places
    }

    private static func around(_ text: String) -> String {
        guard let range = text.firstRange(of: mark) else { return "" }
        let start = text.index(range.lowerBound, offsetBy: -200, limitedBy: text.startIndex) ?? text.startIndex
        return String(text[start...].prefix(400))
    }
}

/// Counts from 1, on any thread.
private final class Counter: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
