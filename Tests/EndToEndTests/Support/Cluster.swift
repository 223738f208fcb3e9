import Foundation
import Glibc
import JournalPort
import MQTTTransport
import PostgresJournal
import TestSupport

/// Nodes that share a broker and a journal in PostgreSQL. Each node can be killed, stopped for a while, and started again.
final class Cluster {
    let broker: MosquittoProcess
    let server: PostgresServer
    let url: String
    let directory: URL
    private(set) var nodes: [ConveyProcess?]
    private let httpPorts: [Int]
    private let flags: [String]
    private var starts = 0

    /// - Parameters:
    ///   - url: the URL of an empty database of the server.
    init(nodes count: Int, server: PostgresServer, url: String, flags: [String] = []) throws {
        broker = try MosquittoProcess(configuration: Deployment.brokerConfiguration)
        self.server = server
        self.url = url
        self.flags = flags
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("convey-cluster-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        nodes = Array(repeating: nil, count: count)
        httpPorts = try (0..<count).map { _ in try freePort() }
    }

    deinit {
        for node in nodes { node?.kill() }
        if ProcessInfo.processInfo.environment["CONVEY_KEEP"] != nil {
            print("kept \(directory.path)")
        } else {
            try? FileManager.default.removeItem(at: directory)  // A failure leaves only temporary files.
        }
    }

    /// Starts a node without waiting for it.
    func launch(_ index: Int) throws {
        starts += 1
        nodes[index] = try ConveyProcess(
            [
                "serve", "--node", name(index), "--data", directory.appendingPathComponent("data-\(index)").path,
                "--journal", url, "--broker", "mqtt://127.0.0.1:\(broker.port)", "--http",
                "127.0.0.1:\(httpPorts[index])",
            ] + flags, in: directory, name: "\(name(index))-\(starts)")
    }

    func kill(_ index: Int) { nodes[index]?.kill() }

    func send(signal: Int32, to index: Int) { nodes[index]?.send(signal: signal) }

    /// Sends SIGTERM and returns how the node ended.
    func terminate(_ index: Int, seconds: Double = 30) async throws -> ProcessEnd? {
        send(signal: SIGTERM, to: index)
        try await eventually("\(name(index)) ends after SIGTERM; \(log(index))", seconds: seconds) {
            nodes[index]?.ended != nil
        }
        return nodes[index]?.ended
    }

    /// The HTTP address of a node.
    func address(_ index: Int) -> String { "127.0.0.1:\(httpPorts[index])" }

    func port(_ index: Int) -> Int { httpPorts[index] }

    func name(_ index: Int) -> String { "n\(index)" }

    /// The end of a node's log since its last start.
    func log(_ index: Int) -> String { String(nodes[index]?.log.suffix(3_000) ?? "") }

    var logs: String { nodes.indices.map { "--- \(name($0))\n\(log($0))" }.joined(separator: "\n") }

    /// The body of a node's `/readyz`.
    func readiness(_ index: Int) -> String { httpGet("/readyz", port: httpPorts[index])?.body ?? "" }

    /// Whether a node owns the journal and accepts signals.
    func isActive(_ index: Int) -> Bool {
        guard nodes[index]?.ended == nil, let answer = httpGet("/readyz", port: httpPorts[index]) else { return false }
        return answer.status == 200 && !answer.body.contains("standby")
    }

    func isStandby(_ index: Int) -> Bool { readiness(index).contains("standby") }

    /// Waits until one node is active, and returns its index.
    func waitForActive(except: Int? = nil, seconds: Double = 30) async throws -> Int {
        var found: Int?
        try await eventually("a node is at work; \(logs)", seconds: seconds) {
            found = nodes.indices.first { $0 != except && isActive($0) }
            return found != nil
        }
        return found ?? 0
    }

    var store: PostgresStore {
        get throws { try PostgresStore(url: url, node: "audit") }
    }

    func listener(_ filters: [String] = Listener.everything) async throws -> Listener {
        try await Listener(port: broker.port, filters: filters)
    }

    func client() async throws -> MQTTClient {
        let client = try MQTTClient(
            MQTTOptions(
                broker: BrokerAddress(host: "127.0.0.1", port: broker.port), clientID: "client-\(UUID().uuidString)"))
        try await client.start()
        return client
    }
}
