import Foundation

/// The Python for the tests' programs, with its packages: `Tests/requirements.txt`.
public enum PythonEnvironment {
    /// The top of the repository.
    public static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static let prepared = Result { try prepare() }

    /// The interpreter, below `.build`. Makes the environment if it is missing, which takes up to a minute.
    ///
    /// - Throws: `TestSupportError` that says what is missing on this machine.
    public static func python() throws -> String { try prepared.get() }

    private static func prepare() throws -> String {
        let directory = repository.appendingPathComponent(".build/test-python").path
        let log = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: log) }  // Only temporary files would remain.
        let script = repository.appendingPathComponent("scripts/test-python.sh").path
        let process = try ChildProcess(script, [directory], log: log.path)
        try waitUntil("scripts/test-python.sh ends", seconds: 180) { process.ended != nil }
        guard process.ended == .exited(0) else {
            let words = FileManager.default.contents(atPath: log.path).map { String(decoding: $0, as: UTF8.self) }
            throw TestSupportError("scripts/test-python.sh failed: \(words ?? "")")
        }
        return directory + "/bin/python"
    }
}
