import Foundation

/// A mosquitto of its own, configured like broker/development.conf.
final class Broker {
    let port: UInt16
    private let process: ChildProcess
    private var clients = 0

    private static let startTimeoutSeconds = 10.0
    private static let stopTimeoutSeconds = 10.0

    /// - Parameter directory: where it keeps its configuration, log and sessions.
    init(directory: String) throws {
        guard let program = ChildProcess.find("mosquitto") else {
            throw BenchError("mosquitto is not installed: apt-get install mosquitto")
        }
        let port = try Loopback.freePort()
        self.port = port
        let file = "\(directory)/mosquitto.conf"
        try Data(Self.configuration(port: port, directory: directory, user: NSUserName()).utf8)
            .write(to: URL(fileURLWithPath: file))
        process = try ChildProcess(
            program, ["-c", file], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            logFile: "\(directory)/mosquitto.log")
        try process.wait(for: "listening", timeoutSeconds: Self.startTimeoutSeconds) { Loopback.answers(port) }
    }

    var processID: Int32 { process.processID }

    /// A connection with a client id that no other has.
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

    /// broker/development.conf with a port and a directory of its own; a test holds the two together. `user` is who to
    /// stay when started as root.
    static func configuration(port: UInt16, directory: String, user: String) -> String {
        """
        listener \(port) 127.0.0.1
        allow_anonymous true
        user \(user)

        persistence true
        persistence_location \(directory)/
        persistence_file mosquitto.db
        autosave_interval 10
        persistent_client_expiration 14d

        max_queued_messages 0
        max_queued_bytes 0
        max_inflight_messages 1000
        queue_qos0_messages false
        max_packet_size 16842752
        set_tcp_nodelay true

        log_dest stderr
        log_type error
        log_type warning
        log_type notice
        log_timestamp_format %Y-%m-%dT%H:%M:%S
        connection_messages false

        """
    }
}
