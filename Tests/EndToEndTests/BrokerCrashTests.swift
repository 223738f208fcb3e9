import Foundation
import TestSupport
import Testing

extension UnderLoad {
    @Suite("Killed broker")
    struct BrokerCrashTests {
        @Test(
            "A broker killed under load loses nothing that has a receipt, and Convey reconnects by itself",
            .timeLimit(.minutes(3)))
        func killedUnderLoad() async throws {
            var generator = SeededGenerator.announced("killedBroker")
            let deployment = try Deployment(
                persistentBroker: true, brokerConfiguration: Deployment.brokerConfiguration + ["autosave_interval 1"])
            try await deployment.start()
            let publishers = (0..<3).map { RepeatingPublisher(name: "repeat-\($0)") }
            let port = deployment.broker.port
            async let publishing: Void = withThrowingTaskGroup(of: Void.self) { group in
                for publisher in publishers { group.addTask { try await publisher.run(port: port, count: 500) } }
                try await group.waitForAll()
            }
            for _ in 0..<4 {
                let confirmed = Self.confirmed(publishers) + Int.random(in: 1...130, using: &generator)
                try await eventually("\(confirmed) receipts", seconds: 60) { Self.confirmed(publishers) >= confirmed }
                deployment.broker.kill()
                try await eventually("readiness misses the broker") {
                    deployment.readiness.contains(#""missing":["broker"]"#)
                }
                try deployment.broker.start()
                try await deployment.waitUntilReady()
            }
            try await publishing
            let journal = try JournalFile(deployment.journal)
            try await eventually("at rest", seconds: 60) { try JournalAudit.isAtRest(journal) }
            try JournalAudit.expectSound(journal, isAtRest: true)
            let recorded = try journal.rows("SELECT id, offset FROM journal WHERE type = 'conv.in.note.taken'")
            let offsets = Dictionary(recorded.map { ($0[0], $0[1]) }) { one, _ in one }
            #expect(recorded.count == 1_500)
            for publisher in publishers {
                #expect(publisher.confirmed.count == 500)
                #expect(publisher.contradicting == [])
                #expect(publisher.confirmed.allSatisfy { offsets[$0] == "\($1)" })
            }
            #expect(deployment.process?.ended == nil)
        }

        private static func confirmed(_ publishers: [RepeatingPublisher]) -> Int {
            publishers.reduce(0) { $0 + $1.confirmed.count }
        }
    }
}

@Suite("Broker sessions")
struct BrokerSessionTests {
    private static let lostMetric = "convey_broker_sessions_lost_total"

    private static func note(_ id: String) -> OwnSignal {
        OwnSignal(subject: "session", source: "/test", id: id, type: "conv.in.note.taken", content: "")
    }

    private static func recorded(_ deployment: Deployment) throws -> [String] {
        try JournalFile(deployment.journal).texts(
            "SELECT id FROM journal WHERE type = 'conv.in.note.taken' ORDER BY position")
    }

    @Test(
        "Signals published while Convey is down wait in its session, also over a restart of the broker",
        .timeLimit(.minutes(1)))
    func resumed() async throws {
        let deployment = try Deployment(persistentBroker: true)
        try await deployment.start()
        deployment.kill()
        let client = try await deployment.client()
        try await client.publishMany((0..<50).map { Self.note("away-\($0)").message })
        await client.stop()
        try deployment.broker.terminate()
        try deployment.broker.start()
        try await deployment.start()
        try await eventually("all are recorded") { try Self.recorded(deployment).count == 50 }
        #expect(try Self.recorded(deployment) == (0..<50).map { "away-\($0)" })
        #expect(deployment.metric(Self.lostMetric) == 0)
    }

    @Test(
        "A session lost by the broker gives one warning and one count, and signals are taken again",
        .timeLimit(.minutes(1)))
    func forgotten() async throws {
        let deployment = try Deployment(persistentBroker: true)
        try await deployment.start()
        let before = try await ReceiptClient(deployment)
        #expect(try await before.publish(Self.note("before")).status == "recorded")
        await before.stop()
        #expect(deployment.metric(Self.lostMetric) == 0)
        #expect(!deployment.log.contains("forgotten the session"))

        deployment.broker.kill()
        try FileManager.default.contentsOfDirectory(at: deployment.broker.directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "db" }.forEach { try FileManager.default.removeItem(at: $0) }
        try await eventually("readiness misses the broker") { !deployment.isReady }
        try deployment.broker.start()
        try await deployment.waitUntilReady()

        #expect(deployment.metric(Self.lostMetric) == 1)
        #expect(deployment.log.contains("the broker has forgotten the session"))
        let after = try await ReceiptClient(deployment)
        #expect(try await after.publish(Self.note("after")).status == "recorded")
        await after.stop()

        // A Convey that starts with signals in its journal expects its session as well.
        #expect(try await deployment.terminate() == .exited(0))
        deployment.broker.kill()
        try deployment.broker.start()
        try await deployment.start()
        #expect(deployment.metric(Self.lostMetric) == 1)
    }
}
