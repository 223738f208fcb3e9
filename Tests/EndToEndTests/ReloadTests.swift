import Foundation
import Glibc
import TestSupport
import Testing

/// Signals from the operating system and the operator to a running Convey.
@Suite("Signals of the operating system")
struct ReloadTests {
    @Test(
        "SIGHUP, SIGUSR1, SIGUSR2 and SIGPIPE never end Convey: not while it starts, serves or stops",
        .timeLimit(.minutes(1)))
    func survives() async throws {
        let deployment = try Deployment()
        func sendAll() {
            for signal in [SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE] { deployment.process?.send(signal: signal) }
        }
        try deployment.launch()
        try await eventually("its first words") { !deployment.log.isEmpty }
        try await eventually("Convey is ready") {
            sendAll()
            #expect(deployment.process?.ended == nil)
            return deployment.isReady
        }
        try await eventually("it says what is read again") {
            sendAll()
            return deployment.log.contains("SIGHUP: ")
        }
        #expect(deployment.isReady)
        deployment.process?.send(signal: SIGTERM)
        try await eventually("Convey ends") {
            sendAll()
            return deployment.process?.ended != nil
        }
        #expect(deployment.process?.ended == .exited(0))
    }

    @Test("A token removed from the file stops working within moments, and an added one works")
    func tokens() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("tokens").path
        func token(_ name: String) async throws -> String {
            let command = try ConveyProcess(
                ["token", name, "--scope", "read", "--file", file], in: directory, name: name)
            try await eventually("a token") { command.ended != nil }
            return command.output.split(whereSeparator: \.isWhitespace).last.map { String($0) } ?? ""
        }
        let first = try await token("first")
        let deployment = try Deployment(["--http-tokens-file", file])
        try await deployment.start()
        func status(_ token: String) -> Int? {
            httpExchange(
                "GET", "/v1/conversations", headers: ["Authorization": "Bearer \(token)"], port: deployment.httpPort
            )?.status
        }
        #expect(status(first) == 200)
        let second = try await token("second")
        try await eventually("the second token works") { status(second) == 200 }
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        try lines.filter { !$0.hasPrefix("first:") }.joined(separator: "\n")
            .write(toFile: file, atomically: false, encoding: .utf8)
        try await eventually("the first token is refused") { status(first) == 401 }
        #expect(status(second) == 200)
        // A wrong or missing file locks nobody out, and is reported.
        try "second:".write(toFile: file, atomically: false, encoding: .utf8)
        try await eventually("it is told") { deployment.log.contains("cannot be used") }
        #expect(status(second) == 200)
        #expect(try await deployment.terminate() == .exited(0))
    }
}
