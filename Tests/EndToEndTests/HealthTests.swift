import Foundation
import Glibc
import TestSupport
import Testing

/// The answers of `/healthz` and `/readyz` when a service only looks well: each fault is caused from outside and
/// removed again.
@Suite("Health")
struct HealthTests {
    @Test(
        "A silent broker, a silent wire, a stuck outbox, a pause and a hung engine are reported by name, and recover",
        .timeLimit(.minutes(4)))
    func faultsThatTakeTime() async throws {
        // Each takes ten to thirty seconds to reach a limit, so they wait in parallel, each with its own service.
        async let broker: Void = Self.stoppedBroker()
        async let wire: Void = Self.silentWire()
        async let outbox: Void = Self.stalledOutbox()
        async let pause: Void = Self.pause()
        async let engine: Void = Self.hungEngine()
        _ = try await (broker, wire, outbox, pause, engine)
    }

    /// A stopped broker makes the service unready; it recovers.
    private static func stoppedBroker() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let health = Health(deployment)
        let broker = try #require(deployment.broker.processID)
        Glibc.kill(broker, SIGSTOP)
        try await health.becomesUnready(["broker": "silent"])
        #expect(health.isAlive, "a restart of Convey would not help")
        #expect(deployment.metric(#"convey_up{part="broker"}"#) == 0)
        Glibc.kill(broker, SIGCONT)
        try await deployment.waitUntilReady(seconds: 60)
        #expect(try await deployment.terminate() == .exited(0))
    }

    /// The same with a broker behind a wire that drops everything.
    private static func silentWire() async throws {
        let deployment = try Deployment()
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        let health = Health(deployment)
        for direction in [TCPRelay.Direction.fromClient, .fromBroker] { relay.hold(true, direction) }
        try await health.becomesUnready(["broker": "silent"])
        #expect(health.isAlive)
        for direction in [TCPRelay.Direction.fromClient, .fromBroker] { relay.hold(false, direction) }
        try await deployment.waitUntilReady(seconds: 60)
        #expect(try await deployment.terminate() == .exited(0))
        relay.stop()
    }

    /// Unacknowledged events make the service unready, even if its connection is alive.
    private static func stalledOutbox() async throws {
        let deployment = try Deployment()
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        let health = Health(deployment)
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        relay.swallow(.puback, .fromBroker)
        let signal = OwnSignal(
            subject: "s", source: "/test", id: "m", type: "conv.in.message.received", content: "unheard")
        try await client.publishMany([signal.message])
        _ = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        try await health.becomesUnready(["outbox": "acknowledged none"])
        #expect(health.parts["broker"] == "connected")
        #expect(health.isAlive)
        relay.swallow(nil, .fromBroker)
        // Dropped messages do not come again over this connection.
        relay.cut()
        try await deployment.waitUntilReady(seconds: 60)
        await client.stop()
        await listener.stop()
        relay.stop()
    }

    /// A pause of ingress leaves the service ready and its connection open.
    private static func pause() async throws {
        let deployment = try Deployment(["--effects-open-limit", "1", "--llm-echo-delay", "10s"])
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        let health = Health(deployment)
        let client = try await deployment.client()
        try await client.publishMany(
            (0..<5).map { number in
                OwnSignal(
                    subject: "p\(number)", source: "/test", id: "m", type: "conv.in.message.received",
                    content: "one two three four five six"
                ).message
            })
        try await eventually("ingress pauses") { health.parts["ingress"]?.contains("paused") == true }
        let connections = relay.connections
        let end = ContinuousClock.now + .seconds(30)
        try await eventually("half a minute of pause", seconds: 60) {
            #expect(deployment.isReady, "\(deployment.readiness)")
            return ContinuousClock.now > end
        }
        #expect(health.parts["ingress"]?.contains("paused") == true)
        #expect(relay.connections == connections)
        #expect(try await deployment.terminate() == .exited(0))
        await client.stop()
        relay.stop()
    }

    /// An engine that hangs in a sync makes the service unready, then not alive, each time by name, and ready again
    /// afterwards.
    private static func hungEngine() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let health = Health(deployment)
        let client = try await deployment.client()
        guard let hang = try await HungDisk(deployment) else { return }
        let signal = OwnSignal(subject: "s", source: "/test", id: "n", type: "conv.in.note.taken", content: "x")
        try await client.publishMany([signal.message])
        try await health.becomesUnready(["engine": "has not responded"])
        try await eventually("the engine is overdue; \(health.body)", seconds: 60) { !health.isAlive }
        #expect(health.body.contains(#""engine":"has not responded for"#))
        #expect(deployment.metric(#"convey_thread_beat_age_seconds{thread="engine"}"#) > 30)
        try await eventually("the log names it") { deployment.log.contains("a thread hangs") }
        hang.end()
        try await deployment.waitUntilReady(seconds: 60)
        try await eventually("alive again") { health.isAlive }
        try await eventually("the log says so") { deployment.log.contains("a thread that hung responds again") }
        await client.stop()
    }

    @Test("SIGTERM ends the process soon after shutdown.timeout, whatever hangs", .timeLimit(.minutes(3)))
    func boundedStop() async throws {
        let deployment = try Deployment(["--shutdown-timeout", "2s"])
        try await deployment.start()
        let client = try await deployment.client()
        guard let hang = try await HungDisk(deployment) else { return }
        let signal = OwnSignal(subject: "s", source: "/test", id: "n", type: "conv.in.note.taken", content: "x")
        try await client.publishMany([signal.message])
        try await eventually("the engine hangs", seconds: 30) {
            deployment.metric(#"convey_thread_beat_age_seconds{thread="engine"}"#) > 3
        }
        deployment.process?.send(signal: SIGTERM)
        // Seven seconds, because the machine may be slow.
        try await eventually("it ends by itself", seconds: 30) {
            deployment.log.contains("the stop is not finished in time")
        }
        #expect(deployment.log.contains("engine (last turn"))
        // The kernel keeps the rest of a traced thread until its tracer ends.
        hang.end()
        try await eventually("it has ended") { deployment.process?.ended != nil }
        #expect(deployment.process?.ended == .exited(70))
        await client.stop()
    }

    @Test(
        "A service manager is told when the service is up, alive, and stopping", .timeLimit(.minutes(2)))
    func serviceManager() async throws {
        let deployment = try Deployment()
        let socket = try NotifySocket(deployment.directory.appendingPathComponent("notify").path)
        try deployment.launch(environment: [
            "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "60000000",
        ])
        try await eventually("READY") { socket.received.contains { $0.hasPrefix("READY=1\n") } }
        try await eventually("two WATCHDOGs") { socket.received.count { $0.contains("WATCHDOG=1") } >= 2 }
        try await eventually("STATUS") { socket.received.contains { $0.contains("STATUS=ready") } }
        #expect(socket.received.count { $0.contains("READY=1") } == 1)
        #expect(try await deployment.terminate() == .exited(0))
        #expect(socket.received.contains { $0 == "STOPPING=1" })
    }
}

/// Asks a deployment for its health.
private struct Health {
    let deployment: Deployment

    init(_ deployment: Deployment) { self.deployment = deployment }

    var isAlive: Bool { httpGet("/healthz", port: deployment.httpPort)?.status == 200 }
    var body: String { httpGet("/healthz", port: deployment.httpPort)?.body ?? "no answer" }

    var parts: [String: String] {
        guard let answer = httpGet("/readyz", port: deployment.httpPort),
            let object = try? JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        else { return [:] }
        return object["parts"] as? [String: String] ?? [:]
    }

    /// Waits until `/readyz` is 503 with this text about these parts. Half a minute: ten seconds until the broker is
    /// probed, five for its answer, and some for a slow machine.
    func becomesUnready(_ reasons: [String: String]) async throws {
        try await eventually("not ready for \(reasons); \(deployment.readiness)", seconds: 40) {
            guard !deployment.isReady else { return false }
            let parts = parts
            return reasons.allSatisfy { parts[$0.key]?.contains($0.value) == true }
        }
    }
}

/// A disk whose syncs hang for one process: strace(1) holds them up.
private final class HungDisk {
    private let tracer: ChildProcess

    /// Nil if this user may not trace.
    init?(_ deployment: Deployment) async throws {
        let id = try #require(deployment.process?.processID)
        let log = deployment.directory.appendingPathComponent("strace-\(UUID().uuidString)").path
        tracer = try ChildProcess(
            "/usr/bin/strace",
            [
                "-f", "-p", "\(id)", "-e", "trace=fsync,fdatasync", "-e",
                "inject=fsync,fdatasync:delay_enter=300000000",
            ], log: log)
        let tracer = tracer
        try await eventually("strace is attached") {
            tracer.ended != nil || (try? String(contentsOfFile: log, encoding: .utf8))?.contains("attached") == true
        }
        guard tracer.ended == nil else {
            print("SKIPPED: a hung disk is not tested, because this user may not trace")
            return nil
        }
    }

    /// The process continues at once.
    func end() { tracer.kill() }
}

/// The socket on which a service manager would listen.
private final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private var messages: [String] = []

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        try #require(bytes.count < 108)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw TestSupportError("cannot listen at \(path)") }
    }

    deinit { close(descriptor) }

    var received: [String] {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT)), count > 0 {
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return messages
    }
}
