import Foundation
import TestSupport

/// `examples/tool_worker.py` as a process of its own. It ends with this object at the latest.
final class PythonWorker: Sendable {
    private let process: ChildProcess

    /// Starts it and waits until it has subscribed.
    init(broker: MosquittoProcess, log: URL) throws {
        let python = try Self.environment()
        let subscriptions = Self.subscriptions(broker)
        process = try ChildProcess(
            python,
            [
                Self.repository.appendingPathComponent("examples/tool_worker.py").path, "--port", "\(broker.port)",
                "--log",
                log.path,
            ],
            log: broker.directory.appendingPathComponent("worker.log").path)
        let process = process
        try waitUntil("the Python worker subscribes", seconds: 20) {
            if let ended = process.ended {
                let log = try? String(
                    contentsOf: broker.directory.appendingPathComponent("worker.log"), encoding: .utf8)
                throw TestSupportError("the Python worker ended (\(ended)): \(log ?? "")")
            }
            return Self.subscriptions(broker) > subscriptions
        }
    }

    func kill() { process.kill() }

    private static func subscriptions(_ broker: MosquittoProcess) -> Int {
        broker.log.split(separator: "\n").count { $0.contains("Sending SUBACK") && !$0.contains("convey-tools") }
    }

    private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A Python with paho-mqtt, installed below `.build` when it is not there yet.
    private static func environment() throws -> String {
        let directory = repository.appendingPathComponent(".build/tool-worker-venv").path
        let python = directory + "/bin/python"
        if (try? finish(python, ["-c", "import paho.mqtt.enums"], "it")) != nil { return python }
        try finish(
            "/usr/bin/env", ["python3", "-m", "venv", "--clear", directory], "python3 -m venv (Debian: python3-venv)")
        try finish(python, ["-m", "pip", "install", "--quiet", "paho-mqtt>=2,<3"], "pip install paho-mqtt")
        return python
    }

    private static func finish(_ program: String, _ arguments: [String], _ what: String) throws {
        let log = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: log) }
        let process = try ChildProcess(program, arguments, output: "/dev/null", log: log.path)
        try waitUntil("\(what) ends", seconds: 120) { process.ended != nil }
        guard process.ended == .exited(0) else {
            throw TestSupportError("\(what) failed: \((try? String(contentsOf: log, encoding: .utf8)) ?? "")")
        }
    }
}
