import Foundation
import TestSupport
import Testing

/// Has the CloudEvents project's own SDK for Python, and a stricter reading of the specification, look at what was published
/// (`Tests/Python/check_cloudevents.py`).
enum CloudEventCheck {
    /// The most faults that one call reports.
    private static let namedFaults = 5

    /// Records an issue for each event that is no valid CloudEvent.
    static func expectValid(_ payloads: [[UInt8]]) throws {
        for fault in try faults(payloads).prefix(namedFaults) { Issue.record("no valid CloudEvent: \(fault)") }
    }

    /// The faults of the events, one line each.
    static func faults(_ payloads: [[UInt8]]) throws -> [String] {
        guard !payloads.isEmpty else { return [] }
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("events-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // Only temporary files would remain.
        let events = directory.appendingPathComponent("events").path
        let output = directory.appendingPathComponent("output").path
        let log = directory.appendingPathComponent("log").path
        let lines = payloads.map { Data($0).base64EncodedString() }.joined(separator: "\n")
        try (lines + "\n").write(toFile: events, atomically: false, encoding: .utf8)
        let script = PythonEnvironment.repository.appendingPathComponent("Tests/Python/check_cloudevents.py").path
        let process = try ChildProcess(try PythonEnvironment.python(), [script, events], output: output, log: log)
        try waitUntil("\(payloads.count) events are looked at", seconds: 120) { process.ended != nil }
        guard process.ended == .exited(0) else {
            throw TestSupportError("check_cloudevents.py failed: \(try String(contentsOfFile: log, encoding: .utf8))")
        }
        return try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
