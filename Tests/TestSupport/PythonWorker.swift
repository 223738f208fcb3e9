import Foundation

/// `examples/tool_worker.py` as a process of its own. It ends with this object or earlier.
public final class PythonWorker: Sendable {
    private let process: ChildProcess

    /// Starts it and waits until it has subscribed.
    ///
    /// - Parameter log: where it keeps its results; another worker of the tool may continue with it.
    public init(broker: MosquittoProcess, tool: String = "get_weather", log: URL) throws {
        let python = try PythonEnvironment.python()
        let errors = broker.directory.appendingPathComponent("worker-\(tool).log")
        let subscriptions = Self.subscriptions(broker, tool)
        let process = try ChildProcess(
            python,
            [
                PythonEnvironment.repository.appendingPathComponent("examples/tool_worker.py").path,
                "--broker", "mqtt://127.0.0.1:\(broker.port)", "--tool", tool, "--log", log.path,
            ], log: errors.path)
        self.process = process
        try waitUntil("the worker of \(tool) subscribes", seconds: 20) {
            if let ended = process.ended {
                let words = FileManager.default.contents(atPath: errors.path).map {
                    String(decoding: $0, as: UTF8.self)
                }
                throw TestSupportError("the worker of \(tool) ended (\(ended)): \(words ?? "")")
            }
            return Self.subscriptions(broker, tool) > subscriptions
        }
    }

    /// SIGKILL: the process ends as in a crash.
    public func kill() { process.kill() }

    /// Only a worker subscribes to this topic by its full name, and the broker logs it when it is done.
    private static func subscriptions(_ broker: MosquittoProcess, _ tool: String) -> Int {
        broker.log.split(separator: "\n").count { $0.contains("conv/tool/\(tool)/cancel (QoS") }
    }
}
