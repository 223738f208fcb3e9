import Foundation
import Glibc
import MQTTTransport
import TestSupport

/// A broker, a data directory, and a Convey that is started, killed and started again on them.
///
/// With `CONVEY_KEEP` set, its directory with journal and logs is kept and printed.
final class Deployment {
    let broker: MosquittoProcess
    let directory: URL
    let httpPort: Int
    let dataDirectory: String
    /// The port to which Convey connects; a relay's port if a test watches the wire.
    var brokerPort: Int
    private(set) var process: ConveyProcess?
    private let flags: [String]
    private var starts = 0
    private var earlierLogs = ""

    /// This broker drops nothing: a message missing in a test was lost by Convey.
    static let brokerConfiguration = ["max_queued_messages 0", "max_inflight_messages 2000"]

    /// - Parameters:
    ///   - dataDirectory: by default a directory of its own.
    ///   - sharedBroker: another deployment's broker; by default one of its own.
    init(
        _ flags: [String] = [], persistentBroker: Bool = false, dataDirectory: String? = nil,
        broker sharedBroker: MosquittoProcess? = nil,
        brokerConfiguration: [String] = Deployment.brokerConfiguration
    ) throws {
        broker =
            try sharedBroker ?? MosquittoProcess(configuration: brokerConfiguration, persistence: persistentBroker)
        brokerPort = broker.port
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("convey-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        self.dataDirectory = dataDirectory ?? directory.appendingPathComponent("data").path
        self.flags = flags
        httpPort = try freePort()
    }

    deinit {
        process?.kill()
        if ProcessInfo.processInfo.environment["CONVEY_KEEP"] != nil {
            print("kept \(directory.path)")
        } else {
            try? FileManager.default.removeItem(at: directory)  // Only temporary files would remain.
        }
    }

    var journal: String { dataDirectory + "/journal.db" }

    /// The logs of every Convey of this deployment.
    var log: String { earlierLogs + (process?.log ?? "") }

    /// The flags with which any command reaches the broker.
    var brokerFlags: [String] { ["--broker", "mqtt://127.0.0.1:\(brokerPort)"] }

    /// Starts Convey without waiting for it.
    /// - Parameters:
    ///   - environment: variables in addition to this process's.
    ///   - wrapper: see `ConveyProcess`.
    func launch(
        _ more: [String] = [], environment: [String: String] = [:], under wrapper: [String] = []
    ) throws {
        if let process { earlierLogs += process.log }
        starts += 1
        process = try ConveyProcess(
            ["serve", "--node", "e2e", "--data", dataDirectory, "--http", "127.0.0.1:\(httpPort)"] + brokerFlags
                + flags + more,
            environment: environment, in: directory, name: "convey-\(starts)", under: wrapper)
    }

    /// Starts Convey and waits until it takes signals.
    func start(_ more: [String] = []) async throws {
        try launch(more)
        try await waitUntilReady()
    }

    func waitUntilReady(seconds: Double = 30) async throws {
        try await eventually("Convey is ready; \(readiness)", seconds: seconds) {
            if let end = process?.ended { throw TestSupportError("Convey ended (\(end)):\n\(log.suffix(2_000))") }
            return isReady
        }
    }

    var isReady: Bool { httpGet("/readyz", port: httpPort)?.status == 200 }

    /// The body of `/readyz`.
    var readiness: String { httpGet("/readyz", port: httpPort)?.body ?? "no answer" }

    /// A metric's value, summed over its labels; 0 if it is missing.
    func metric(_ name: String) -> Double {
        let page = httpGet("/metrics", port: httpPort)?.body ?? ""
        return page.split(separator: "\n").filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    /// SIGKILL: the process ends as in a crash.
    func kill() { process?.kill() }

    /// Sends SIGTERM, and returns how the process ended.
    func terminate(seconds: Double = 30) async throws -> ProcessEnd? {
        process?.send(signal: SIGTERM)
        try await eventually("Convey ends after SIGTERM", seconds: seconds) { process?.ended != nil }
        return process?.ended
    }

    /// A client of the broker that publishes and has no session.
    func client(_ id: String = "client-\(UUID().uuidString)") async throws -> MQTTClient {
        let client = try MQTTClient(
            MQTTOptions(broker: BrokerAddress(host: "127.0.0.1", port: broker.port), clientID: id))
        try await client.start()
        return client
    }

    /// A consumer with a persistent session.
    func listener(_ filters: [String] = Listener.everything) async throws -> Listener {
        try await Listener(port: broker.port, filters: filters)
    }
}

/// Waits until `condition` holds, checking every few milliseconds.
///
/// - Throws: `TestSupportError` naming `what` after `seconds`.
func eventually(
    _ what: @autoclosure () -> String, seconds: Double = 20, isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TestSupportError("not within \(seconds) s: \(what())") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
