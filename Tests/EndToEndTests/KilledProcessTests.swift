import Glibc
import Testing
import TestSupport

/// All tests that use much of the machine, one after another.
@Suite("Under load", .serialized)
enum UnderLoad {}

extension UnderLoad {
    @Suite("Killed Convey")
    struct KilledProcessTests {
        private static let killsEach = 15

        @Test(
            "When killed at any moment, it loses, repeats and reorders nothing, and publishes nothing under two names",
            .timeLimit(.minutes(4)), arguments: ["0ms", "1ms"])
        func killedUnderLoad(echoDelay: String) async throws {
            var generator = SeededGenerator.announced("killedUnderLoad(\(echoDelay))")
            let deployment = try Deployment(["--llm-echo-delay", echoDelay])
            try await deployment.start()
            let listener = try await deployment.listener()
            let load = Load(Load.Settings(), listener: listener)
            let port = deployment.broker.port
            let loadGenerator = SeededGenerator(seed: generator.next())
            async let publishing: Void = load.run(port: port, generator: loadGenerator)
            for _ in 0..<Self.killsEach {
                try await Self.waitForMoment(deployment, listener, &generator)
                deployment.kill()
                try deployment.launch()
            }
            load.stop()
            try await publishing
            try await deployment.waitUntilReady()
            try await LoadAudit.waitUntilSettled(deployment, load, listener)
            #expect(try await deployment.terminate() == .exited(0))
            let findings = try LoadAudit.findings(JournalFile(deployment.journal), load, listener)
            #expect(findings == [], "\(deployment.log.suffix(4_000))")
            let verify = try ConveyProcess(
                ["verify", "--data", deployment.dataDirectory], in: deployment.directory, name: "verify")
            try await eventually("verify ends", seconds: 60) { verify.ended != nil }
            #expect(verify.ended == .exited(0), "\(verify.output)\(verify.log)")
            print(verify.output)
            print(
                "\(Self.killsEach) kills, \(load.signals.joined().count) signals, \(listener.distinctCount) events, "
                    + "\(listener.count) deliveries")
            await listener.stop()
        }

        /// A random moment: while it starts, recovers, or works on the load.
        private static func waitForMoment(
            _ deployment: Deployment, _ listener: Listener, _ generator: inout SeededGenerator
        ) async throws {
            if Int.random(in: 0..<4, using: &generator) == 0 {
                // A random moment, not an event: anything between the first instruction and the work on the backlog.
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &generator)))
                return
            }
            let events = listener.count + Int.random(in: 1...1_500, using: &generator)
            try await eventually("\(events) events; \(deployment.log.suffix(2_000))", seconds: 60) {
                if let end = deployment.process?.ended {
                    throw TestSupportError("ended: \(end) \(deployment.log.suffix(2_000))")
                }
                return listener.count >= events
            }
        }
    }
}
