import Glibc
import TestSupport
import Testing

@Suite("A second process")
struct SecondProcessTests {
    @Test(
        "On a data directory in use, it refuses to start, names directory and process, and does not disturb the first",
        .timeLimit(.minutes(1)))
    func refuses() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let connections = deployment.metric("convey_broker_connections_total")
        let owner = try #require(deployment.process).processID

        // Its own HTTP port, but the same node name: with it, it would take over the broker session.
        let second = try ConveyProcess(
            ["serve", "--node", "e2e", "--data", deployment.dataDirectory, "--http", "127.0.0.1:\(try freePort())"]
                + deployment.brokerFlags,
            in: deployment.directory, name: "second")
        try await eventually("the second ends") { second.ended != nil }

        #expect(second.ended == .exited(1))
        #expect(second.log.contains("\(deployment.dataDirectory) is in use by another Convey (process \(owner))"))
        #expect(second.log.contains("--data"), "it does not say what to do")
        #expect(deployment.process?.ended == nil)
        let client = try await ReceiptClient(deployment)
        let signal = OwnSignal(subject: "first", source: "/test", id: "1", type: "conv.in.note.taken", content: "")
        #expect(try await client.publish(signal).status == "recorded")
        #expect(deployment.isReady)
        #expect(deployment.metric("convey_broker_connections_total") == connections)
        #expect(!deployment.broker.log.contains("session taken over"))
        await client.stop()
    }

    @Test("The directory is free as soon as its owner ends, however it ends", .timeLimit(.minutes(1)))
    func freeAfterKill() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        deployment.kill()
        try await deployment.start()
        #expect(try await deployment.terminate() == .exited(0))
        try await deployment.start()
    }
}
