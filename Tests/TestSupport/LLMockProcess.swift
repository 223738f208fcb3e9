import Foundation

/// llmock, an independent mock of model providers, on a free loopback port. It ends
/// with this object or earlier.
public final class LLMockProcess: Sendable {
    public let port: Int
    private let process: ChildProcess
    private let directory: URL

    public var baseURL: String { "http://127.0.0.1:\(port)/v1" }

    /// Starts it and waits until it answers.
    public init(_ flags: [String] = []) throws {
        let python = try PythonEnvironment.python()
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("llmock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let log = directory.appendingPathComponent("llmock.log")
        let port = try freePort()
        self.port = port
        let process = try ChildProcess(
            python, ["-c", "from llmock.cli import app; app()", "serve", "--port", "\(port)"] + flags,
            output: log.path, log: log.path)
        self.process = process
        try waitUntil("llmock answers on port \(port)", seconds: 30) {
            guard process.ended == nil else {
                let words = FileManager.default.contents(atPath: log.path).map { String(decoding: $0, as: UTF8.self) }
                throw TestSupportError("llmock ended at once: \(words ?? "")")
            }
            return httpGet("/_llmock/scenario", port: port)?.status == 200
        }
    }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(at: directory)  // Only temporary files would remain.
    }

    /// Sets the results of the next requests.
    ///
    /// - Parameter behaviors: JSON objects, such as `{"type":"fail","status":503}`.
    public func plan(_ behaviors: String...) throws {
        let body = #"{"behaviors":[\#(behaviors.joined(separator: ","))]}"#
        guard let answer = httpPost("/_llmock/scenario", body: body, port: port), answer.status == 201 else {
            throw TestSupportError("llmock did not take \(body)")
        }
    }

    /// Status codes of the requests so far, oldest first.
    public func statuses() throws -> [Int] {
        let answer = httpGet("/_llmock/requests", port: port)
        let object = try JSONSerialization.jsonObject(with: Data((answer?.body ?? "").utf8)) as? [String: Any]
        let requests = object?["requests"] as? [[String: Any]] ?? []
        return requests.compactMap { $0["status"] as? Int }
    }

    /// Its report about its clients, as text.
    public var verdict: String { httpGet("/_llmock/verdict?format=text", port: port)?.body ?? "" }
}
