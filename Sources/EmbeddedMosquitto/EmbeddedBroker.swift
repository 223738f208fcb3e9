import Foundation
import Glibc
import Logging
import ProcessKit
import Synchronization

/// A mosquitto that belongs to this process: it starts before everything that needs it, stops last, restarts when it dies,
/// and is ended by the kernel if this process dies first.
///
/// One thread starts it and waits for its end. It has to be one thread that lives as long as the broker, because the
/// parent-death signal is sent when the *thread* that started a child ends (prctl(2), PR_SET_PDEATHSIG).
package final class EmbeddedBroker: Sendable {
    /// Maximum restarts within `restartWindow`.
    static let restartLimit = 5
    static let restartWindow = Duration.seconds(60)
    static let restartDelay = Duration.milliseconds(500)
    /// Time limit for the port to answer after a start, and for a stop before the process is killed.
    static let startTimeout = Duration.seconds(10)
    static let stopTimeout = Duration.seconds(5)
    static let probeInterval = Duration.milliseconds(20)

    private enum State: Sendable {
        case idle
        case running(pid_t)
        /// About to be started, or started again.
        case restarting
        case stopping
        case ended
    }

    let port: UInt16
    let configuration: EmbeddedBrokerConfiguration
    private let logger: Logger
    private let program: String?
    private let state = Mutex(State.idle)
    private let hasAnswered = Atomic(false)
    private let stopRequested = DispatchSemaphore(value: 0)
    /// Ends when the thread does; throws when the broker was given up.
    private let lifetime: AsyncThrowingStream<Never, any Error>
    private let lifetimeEnd: AsyncThrowingStream<Never, any Error>.Continuation

    /// - Parameter program: the mosquitto to run, for tests; nil looks for the installed one.
    package init(port: UInt16, dataDirectory: String, logger: Logger, program: String? = nil) {
        self.port = port
        self.program = program
        self.logger = logger
        let directory = URL(fileURLWithPath: dataDirectory).appendingPathComponent("broker").path
        configuration = EmbeddedBrokerConfiguration(port: port, directory: directory, user: NSUserName())
        (lifetime, lifetimeEnd) = AsyncThrowingStream.makeStream()
    }

    /// Starts the broker and waits until its port answers.
    package func start() async throws {
        guard let program = program ?? ChildProgram.find("mosquitto") else { throw EmbeddedBrokerError.notInstalled }
        guard LoopbackPort.isFree(port) else { throw EmbeddedBrokerError.portBusy(port) }
        do {
            try FileManager.default.createDirectory(
                atPath: configuration.directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o750])
            try Data(configuration.text.utf8).write(to: URL(fileURLWithPath: configuration.file))
        } catch {
            throw EmbeddedBrokerError.directory(configuration.directory, error.localizedDescription)
        }
        state.withLock { $0 = .restarting }
        // The thread ends when the broker was told to stop or is given up; `waitForEnd` sees that.
        let thread = Thread { self.supervise(program) }
        thread.name = "mosquitto"
        thread.start()
        try await waitUntilPortAnswers()
        hasAnswered.store(true, ordering: .relaxed)
        logger.info(
            "embedded broker is up", metadata: ["port": .stringConvertible(port), "log": "\(configuration.logFile)"])
    }

    /// Returns when the broker has been stopped; throws when it was given up after too many restarts.
    package func waitForEnd() async throws {
        for try await _ in lifetime {}
    }

    /// Stops the broker, which saves its sessions; kills it when that takes too long.
    package func stop() async {
        guard let pid = beginStop() else { return }
        stopRequested.signal()
        if pid > 0 { kill(pid, SIGTERM) }
        let deadline = ContinuousClock.now + Self.stopTimeout
        while !hasEnded, ContinuousClock.now < deadline { try? await Task.sleep(for: Self.probeInterval) }
        if !hasEnded, pid > 0 {
            logger.warning("embedded broker did not stop in time; killing it")
            kill(pid, SIGKILL)
        }
    }

    /// Marks the broker as stopping. Returns the process to end, 0 when none runs at the moment, nil when there is nothing to
    /// stop.
    private func beginStop() -> pid_t? {
        state.withLock { state in
            switch state {
            case .running(let pid):
                state = .stopping
                return pid
            case .restarting:
                state = .stopping
                return 0
            case .idle, .stopping, .ended:
                return nil
            }
        }
    }

    /// The broker's process, while one runs.
    var processID: pid_t? {
        state.withLock { if case .running(let pid) = $0 { pid } else { nil } }
    }

    private var hasEnded: Bool {
        state.withLock { if case .ended = $0 { true } else { false } }
    }

    private var isStopping: Bool {
        state.withLock { if case .stopping = $0 { true } else { false } }
    }

    private func waitUntilPortAnswers() async throws {
        let deadline = ContinuousClock.now + Self.startTimeout
        while !LoopbackPort.answers(port) {
            if hasEnded { try await waitForEnd() }
            guard ContinuousClock.now < deadline else {
                await stop()
                throw EmbeddedBrokerError.failed("no answer on port \(port)", log: configuration.logFile)
            }
            try await Task.sleep(for: Self.probeInterval)
        }
    }

    // MARK: - The broker's thread

    private func supervise(_ program: String) {
        var restarts: [ContinuousClock.Instant] = []
        while true {
            let ending = runOnce(program)
            if isStopping { return end(nil) }
            logger.error("embedded broker ended", metadata: ["how": "\(ending)", "log": "\(configuration.logFile)"])
            let now = ContinuousClock.now
            restarts = restarts.filter { now - $0 < Self.restartWindow } + [now]
            // A broker that has never answered will not answer after a restart: its configuration or its port is wrong.
            if !hasAnswered.load(ordering: .relaxed) || restarts.count > Self.restartLimit {
                return end(.failed("mosquitto ended with \(ending)", log: configuration.logFile))
            }
            let milliseconds = Int(Self.restartDelay / .milliseconds(1))
            if stopRequested.wait(timeout: .now() + .milliseconds(milliseconds)) == .success { return end(nil) }
            logger.notice("restarting the embedded broker", metadata: ["restart": .stringConvertible(restarts.count)])
        }
    }

    /// Starts the broker and waits until it ends. Returns how it ended.
    private func runOnce(_ program: String) -> String {
        do {
            let pid = try spawn(program)
            let isWanted = state.withLock { state in
                if case .stopping = state { return false }
                state = .running(pid)
                return true
            }
            if !isWanted { kill(pid, SIGTERM) }
            ProcessEnd.wait(for: pid)
            state.withLock { if case .running = $0 { $0 = .restarting } }
            // Nil: other code has waited for the process, so its status is unknown.
            return (ProcessEnd.reap(pid, waits: true) ?? .exited(0)).description
        } catch {
            return error.message
        }
    }

    /// `setpriv`, part of Debian's essential util-linux, asks the kernel to end the broker with this process; without it
    /// a killed Convey leaves its broker running.
    private func spawn(_ program: String) throws(SpawnError) -> pid_t {
        var command = [program, "-c", configuration.file]
        if let setpriv = ChildProgram.find("setpriv") {
            command = [setpriv, "--pdeathsig", "TERM", "--"] + command
        } else {
            logger.warning("setpriv is missing: the embedded broker will outlive a killed convey")
        }
        var child = ChildProgram(
            path: command[0], arguments: Array(command.dropFirst()),
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], output: .appended(to: configuration.logFile))
        // Keeps a terminal's Ctrl-C from reaching it.
        child.ownsGroup = true
        return try child.start()
    }

    private func end(_ error: EmbeddedBrokerError?) {
        state.withLock { $0 = .ended }
        lifetimeEnd.finish(throwing: error)
    }
}
