import Foundation
import ProcessKit

/// A mosquitto of its own, configured like broker/development.conf.
final class Broker {
    let port: UInt16
    private let process: ChildProcess
    private var clients = 0

    private static let startTimeoutSeconds = 10.0
    private static let stopTimeoutSeconds = 10.0

    /// - Parameters:
    ///   - directory: for its configuration, log and sessions.
    ///   - processors: the processors it may use; nil for all.
    init(directory: String, processors: ProcessorSet? = nil) throws {
        guard let program = ChildProgram.find("mosquitto") else {
            throw BenchError("mosquitto is not installed: apt-get install mosquitto")
        }
        let port = try Loopback.freePort()
        self.port = port
        let file = "\(directory)/mosquitto.conf"
        try Data(LocalBrokerConfiguration.text(port: port, directory: directory, user: NSUserName()).utf8)
            .write(to: URL(fileURLWithPath: file))
        process = try ChildProcess(
            program, ["-c", file], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            logFile: "\(directory)/mosquitto.log", processors: processors)
        try process.wait(for: "listening", timeoutSeconds: Self.startTimeoutSeconds) { Loopback.answers(port) }
    }

    var processID: Int32 { process.processID }

    /// A connection with a unique client id.
    func connect(_ name: String) throws -> Connection {
        clients += 1
        return try Connection(port: port, clientID: "bench-\(name)-\(clients)")
    }

    func stop() throws {
        let status = process.terminate(timeoutSeconds: Self.stopTimeoutSeconds)
        guard status == 0 else {
            throw BenchError("mosquitto ended with status \(status):\n\(process.log.suffix(2_000))")
        }
    }
}
