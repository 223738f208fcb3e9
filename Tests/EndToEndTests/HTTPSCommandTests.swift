import Foundation
import TestSupport
import Testing

/// Every command that uses HTTP, with a service that only offers TLS.
@Suite("Commands over HTTPS")
struct HTTPSCommandTests {
    @Test(
        "Queries, dead letters, health and a projection ask over HTTPS, and trust only the given authority",
        .timeLimit(.minutes(2)))
    func commands() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms", "--scheduler-cause-timeout", "50ms"])
        let directory = deployment.directory
        for name in ["own", "other"] { try await Self.makeCertificate(name, in: directory) }
        let (own, other) = (Self.path("own.pem", directory), Self.path("other.pem", directory))
        try deployment.launch([
            "--http-tls-certificate-file", own, "--http-tls-key-file", Self.path("own.key", directory),
        ])
        let service = ["--http", "https://localhost:\(deployment.httpPort)", "--http-ca-file", own]
        try await eventually("the service is ready") {
            try await Self.run(["health"] + service, in: directory).end == .exited(0)
        }
        let client = try await deployment.client()
        try await client.publishMany([.message("hello", to: "chat-1", id: "m-1")])
        try await client.publishMany([
            .signal("note.taken", of: "chat-1", id: "late", #"{"cause_id":"never"}"#)
        ])
        try await eventually("a dead letter") {
            try await Self.run(["deadletters", "list", "--json"] + service, in: directory).output.contains("late")
        }
        let timeline = try await Self.run(["timeline", "chat-1"] + service, in: directory)
        #expect(timeline.end == .exited(0) && timeline.output.contains("hello"), "\(timeline)")

        // Anybody else's certificate is refused.
        let stranger = ["--http", "https://localhost:\(deployment.httpPort)", "--http-ca-file", other]
        for command in [["timeline", "chat-1"], ["deadletters"], ["health"]] {
            let refused = try await Self.run(command + stranger, in: directory)
            #expect(refused.end == .exited(69) && refused.words.contains("--http-ca-file"), "\(command): \(refused)")
        }
        let plain = try await Self.run(
            ["timeline", "chat-1", "--http", "http://127.0.0.1:\(deployment.httpPort)"], in: directory)
        #expect(plain.end == .exited(69))

        let database = Self.path("projection.db", directory)
        let consumer = try ConveyProcess(
            ["project", "--database", database, "--mqtt-version", "3.1.1"] + deployment.brokerFlags + service,
            in: directory, name: "project")
        try await eventually("the projection has what it missed; \(consumer.log)", seconds: 30) {
            let shown = try await Self.run(
                ["project", "--database", database, "--show", "chat-1", "-o", "json"], in: directory)
            return shown.output.contains("hello")
        }
        consumer.kill()
        await client.stop()
    }

    private static func path(_ name: String, _ directory: URL) -> String {
        directory.appendingPathComponent(name).path
    }

    private static func makeCertificate(_ name: String, in directory: URL) async throws {
        let log = path("\(name).log", directory)
        let process = try ChildProcess(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=convey", "-addext", "subjectAltName=DNS:localhost", "-keyout", path("\(name).key", directory),
                "-out",
                path("\(name).pem", directory),
            ], log: log)
        try await eventually("openssl ends") { process.ended != nil }
        try #require(process.ended == .exited(0), "\((try? String(contentsOfFile: log, encoding: .utf8)) ?? "")")
    }

    private struct Outcome {
        let end: ProcessEnd?
        let output: String
        let words: String
    }

    private static func run(_ arguments: [String], in directory: URL) async throws -> Outcome {
        let process = try ConveyProcess(arguments, in: directory, name: UUID().uuidString)
        try await eventually("\(arguments.first ?? "") ends") { process.ended != nil }
        return Outcome(end: process.ended, output: process.output, words: process.log)
    }
}
