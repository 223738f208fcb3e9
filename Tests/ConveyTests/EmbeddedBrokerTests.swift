import Foundation
import Glibc
import Logging
import Testing

@testable import EmbeddedMosquitto

@Suite("Embedded broker", .serialized)
struct EmbeddedBrokerTests {
    @Test("It has the settings of broker/development.conf")
    func matchesDevelopmentConfiguration() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try String(
            contentsOf: repository.appendingPathComponent("broker/development.conf"), encoding: .utf8)
        let configuration = EmbeddedBrokerConfiguration(port: 1883, directory: "/d", user: "me")
        let ownLines: Set = ["user me", "persistence_location /d/"]
        #expect(Self.directives(configuration.text).subtracting(ownLines) == Self.directives(file))
        #expect(Self.directives(configuration.text).isSuperset(of: ownLines))
    }

    @Test("It answers after start, restarts when it dies, and is gone after stop")
    func lifecycle() async throws {
        let directory = try TemporaryDirectory()
        let port = try Self.freePort()
        let broker = EmbeddedBroker(port: port, dataDirectory: directory.path, logger: Self.silent)
        try await broker.start()
        #expect(LoopbackPort.answers(port))

        let first = try #require(broker.processID)
        kill(first, SIGKILL)
        try await eventually { broker.processID.map { $0 != first } ?? false && LoopbackPort.answers(port) }

        await broker.stop()
        #expect(broker.processID == nil)
        #expect(LoopbackPort.isFree(port))
        try await broker.waitForEnd()
    }

    @Test("A port that is in use is an error that says what to do")
    func busyPort() async throws {
        let directory = try TemporaryDirectory()
        let port = try Self.freePort()
        let first = EmbeddedBroker(port: port, dataDirectory: directory.path, logger: Self.silent)
        try await first.start()
        let second = EmbeddedBroker(port: port, dataDirectory: directory.path, logger: Self.silent)
        let error = await #expect(throws: EmbeddedBrokerError.self) { try await second.start() }
        #expect(error?.description.contains("port \(port)") == true)
        #expect(error?.description.contains("--broker mqtt://127.0.0.1:PORT") == true)
        await first.stop()
    }

    @Test("A broker that dies at once is not restarted, and the error has the path of its log")
    func diesAtOnce() async throws {
        let directory = try TemporaryDirectory()
        let broker = EmbeddedBroker(
            port: try Self.freePort(), dataDirectory: directory.path, logger: Self.silent, program: "/bin/false")
        let error = await #expect(throws: EmbeddedBrokerError.self) { try await broker.start() }
        #expect(error?.description.contains("mosquitto.log") == true)
    }

    // MARK: -

    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func directives(_ text: String) -> Set<String> {
        Set(text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") && !$0.isEmpty })
    }

    private static func freePort() throws -> UInt16 {
        try #require((UInt16(23_000)...24_000).shuffled().first { LoopbackPort.isFree($0) })
    }
}

/// Waits until the condition holds; fails after ten seconds.
func eventually(_ condition: () async -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while await !condition() {
        try #require(ContinuousClock.now < deadline, "the condition does not come true")
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A directory that is removed with this value.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("convey-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    // Only temporary files would remain.
    deinit { try? FileManager.default.removeItem(atPath: path) }
}
