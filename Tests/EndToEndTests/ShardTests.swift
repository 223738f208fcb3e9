import Foundation
import Signals
import TestSupport
import Testing

/// The files and conversations of a deployment with several shards.
private struct Shards {
    let deployment: Deployment
    let count: Int

    static let partitions = 64
    static let recorded = "SELECT count(*) FROM journal WHERE type = 'conv.in.note.taken'"

    func path(_ shard: Int) -> String {
        deployment.dataDirectory + (shard == 0 ? "/journal.db" : "/journal-\(shard).db")
    }

    func file(_ shard: Int) throws -> JournalFile { try JournalFile(path(shard)) }

    func shard(of subject: String) -> Int {
        StableHash.partition(of: subject, count: Self.partitions) % count
    }

    /// Subjects of one shard.
    func subjects(of shard: Int, _ number: Int = 5) -> [String] {
        Array((0...).lazy.map { "talk-\($0)" }.filter { self.shard(of: $0) == shard }.prefix(number))
    }

    func recorded(_ shard: Int) throws -> Int { try file(shard).number(Self.recorded) }

    /// The ids of a conversation's notes in the order of recording.
    func notes(_ subject: String) throws -> [String] {
        try file(shard(of: subject)).texts(
            """
            SELECT j.id FROM journal j JOIN conversations c ON c.id = j.conversation
            WHERE c.subject = '\(subject)' AND j.type = 'conv.in.note.taken' ORDER BY j.position
            """)
    }

    func isAtRest() throws -> Bool {
        for shard in 0..<count where try file(shard).number("SELECT count(*) FROM journal") > 0 {
            guard try JournalAudit.isAtRest(file(shard)) else { return false }
        }
        return true
    }

    func expectSound() throws {
        for shard in 0..<count { try JournalAudit.expectSound(file(shard), isAtRest: true) }
    }
}

extension UnderLoad {
    @Suite("Shards")
    struct ShardTests {
        private static let four = ["--journal-shards", "4"]
        private static let content = String(repeating: "x", count: 2_000)

        private static func note(_ subject: String, _ number: Int) -> OwnSignal {
            OwnSignal(
                subject: subject, source: "/test", id: "n\(number)", type: "conv.in.note.taken", content: content)
        }

        @Test(
            "With a full disk a shard fails alone: others continue; once it is back, nothing is lost or out of order",
            .timeLimit(.minutes(3)))
        func fullDisk() async throws {
            guard let disk = try SmallDisk(megabytes: 24) else {
                print("SKIPPED: a shard's full disk is not tested, because this user may not mount a tmpfs")
                return
            }
            let deployment = try Deployment(Self.four)
            let shards = Shards(deployment: deployment, count: 4)
            try await deployment.start()
            #expect(try await deployment.terminate() == .exited(0))
            // The third shard is on a disk of its own.
            try FileManager.default.moveItem(atPath: shards.path(2), toPath: disk.path + "/journal-2.db")
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: shards.path(2) + suffix) }
            try FileManager.default.createSymbolicLink(
                atPath: shards.path(2), withDestinationPath: disk.path + "/journal-2.db")
            try await deployment.start()
            try disk.addBallast(megabytes: 14)

            let client = try await deployment.client()
            let own = shards.subjects(of: 2)
            let others = [0, 1, 3].flatMap { shards.subjects(of: $0) }
            var published = 0
            func publish(_ subjects: [String]) async throws {
                published += 1
                try await client.publishMany(subjects.map { Self.note($0, published).message })
            }
            while deployment.isReady {
                guard published < 4_000 else { throw TestSupportError("the shard's disk does not get full") }
                try await publish(own)
            }
            try await eventually("readiness names the shard; \(deployment.readiness)") {
                deployment.readiness.contains("shard 2") && deployment.readiness.contains("free space on this disk")
            }
            let before = published
            let recorded = try shards.recorded(2)
            // Both kinds are published together; only the others' are recorded.
            for _ in 0..<50 { try await publish(own + others) }
            try await eventually("the others go on", seconds: 30) {
                try others.allSatisfy { try shards.notes($0).count == 50 }
            }
            #expect(try shards.recorded(2) <= recorded + 5 * 50)
            #expect(deployment.process?.ended == nil)

            try disk.removeBallast()
            try await deployment.waitUntilReady(seconds: 60)
            try await eventually("everything is recorded and at rest", seconds: 60) {
                try own.allSatisfy { try shards.notes($0).count == published } && shards.isAtRest()
            }
            for subject in own { #expect(try shards.notes(subject) == (1...published).map { "n\($0)" }) }
            for subject in others {
                #expect(try shards.notes(subject) == ((before + 1)...published).map { "n\($0)" })
            }
            try shards.expectSound()
            #expect(try await deployment.terminate() == .exited(0))
            await client.stop()
        }

        /// The list of dead letters has the shard, over HTTP, on the page and in the command.
        private static func expectUnreadable(_ shard: Int, in deployment: Deployment) async throws {
            let address = "127.0.0.1:\(deployment.httpPort)"
            let answer = try #require(httpGet("/v1/deadletters", port: deployment.httpPort))
            #expect(answer.body.contains(#""unreadable_shards":[\#(shard)]"#))
            #expect(
                httpGet("/deadletters", port: deployment.httpPort)?.body.contains("cannot be read: \(shard)") == true)
            let commands = [
                (["list", "--http", address], 0), (["redrive", "--all", "--http", address], 1),
                (["list", "--data", deployment.dataDirectory], 0),
            ]
            for (command, status) in commands {
                let process = try ConveyProcess(
                    ["deadletters"] + command, in: deployment.directory,
                    name: "deadletters-\(UUID().uuidString.prefix(8))")
                try await eventually("\(command) ends", seconds: 30) { process.ended != nil }
                #expect(process.ended == .exited(Int32(status)), "\(command): \(process.log)")
                #expect(process.log.contains("shards that cannot be read are left out: \(shard)"), "\(command)")
            }
        }

        @Test(
            "A start serves the intact shards, and names the damaged one, whose signals wait at the broker",
            .timeLimit(.minutes(2)))
        func damagedFile() async throws {
            let deployment = try Deployment(Self.four)
            let shards = Shards(deployment: deployment, count: 4)
            try await deployment.start()
            #expect(try await deployment.terminate() == .exited(0))
            let whole = try Data(contentsOf: URL(fileURLWithPath: shards.path(1)))
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: shards.path(1) + suffix) }
            try Data(repeating: 0x5A, count: whole.count).write(to: URL(fileURLWithPath: shards.path(1)))

            try deployment.launch()
            let receipts = try await ReceiptClient(deployment)
            let client = try await deployment.client()
            for shard in [0, 2, 3] {
                let subject = shards.subjects(of: shard)[0]
                #expect(try await receipts.publish(Self.note(subject, 1)).status == "recorded")
            }
            #expect(!deployment.isReady)
            #expect(deployment.readiness.contains("shard 1"))
            try await Self.expectUnreadable(1, in: deployment)
            let waiting = shards.subjects(of: 1)
            for number in 1...3 { try await client.publishMany(waiting.map { Self.note($0, number).message }) }
            let subject = shards.subjects(of: 3)[0]
            #expect(try await receipts.publish(Self.note(subject, 2)).status == "recorded")
            #expect(try await deployment.terminate() == .exited(0))

            // With its file back, the shard takes the signals that waited.
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: shards.path(1) + suffix) }
            try whole.write(to: URL(fileURLWithPath: shards.path(1)))
            try await deployment.start()
            try await eventually("what has waited is recorded") {
                try waiting.allSatisfy { try shards.notes($0) == ["n1", "n2", "n3"] } && shards.isAtRest()
            }
            try shards.expectSound()
            #expect(try await deployment.terminate() == .exited(0))
            await client.stop()
            await receipts.stop()
        }

        @Test(
            "Over TLS, a failed shard pauses ingress; when it is back, nothing is lost or out of order",
            .timeLimit(.minutes(2)))
        func pauseOverTLS() async throws {
            let authority = try CertificateAuthority()
            let plainPort = try freePort()
            let broker = try authority.broker(configuration: ["listener \(plainPort) 127.0.0.1"])
            let deployment = try Deployment(
                Self.four + [
                    "--broker", "mqtts://127.0.0.1:\(broker.port)", "--broker-ca-file", authority.file("ca.pem"),
                ], broker: broker)
            let shards = Shards(deployment: deployment, count: 4)
            try await deployment.start()
            let receipts = try await ReceiptClient(port: plainPort)
            let own = shards.subjects(of: 2)[0]
            let other = shards.subjects(of: 3)[0]
            for subject in [own, other] {
                #expect(try await receipts.publish(Self.note(subject, 1)).status == "recorded")
            }

            rename(shards.path(2), shards.path(2) + ".aside")
            try await eventually("the shard has failed") { deployment.readiness.contains("shard 2 ") }
            let second = try await receipts.send(Self.note(own, 2))
            try await eventually("ingress pauses") { deployment.readiness.contains("over TLS all signals wait for it") }
            #expect(deployment.readiness.contains("shard 2 records nothing"))
            let third = try await receipts.send(Self.note(own, 3))
            let others = try await receipts.send(Self.note(other, 2))
            #expect(![second, third, others].contains { receipts.hasReceipt(for: $0) })

            rename(shards.path(2) + ".aside", shards.path(2))
            for number in [second, third, others] {
                #expect(try await receipts.receipt(for: number, seconds: 40).status == "recorded")
            }
            #expect(try shards.notes(own) == ["n1", "n2", "n3"])
            #expect(try shards.notes(other) == ["n1", "n2"])
            try await deployment.waitUntilReady()
            try await eventually("all is applied and published") { try shards.isAtRest() }
            try shards.expectSound()
            #expect(try await deployment.terminate() == .exited(0))
            await receipts.stop()
        }

        @Test(
            "No two published events share source and id, across shards and data directories",
            .timeLimit(.minutes(2)))
        func identities() async throws {
            let first = try Deployment(Self.four)
            let listener = try await first.listener()
            let client = try await first.client()
            let subjects = (0..<40).map { "talk-\($0)" }
            for round in 1...2 {
                let data = first.directory.appendingPathComponent("data-\(round)").path
                let deployment = try Deployment(Self.four, dataDirectory: data, broker: first.broker)
                let shards = Shards(deployment: deployment, count: 4)
                try await deployment.start()
                let signals = subjects.flatMap { subject in
                    (1...3).map {
                        OwnSignal(
                            subject: subject, source: "/test/\(round)", id: "m\($0)", type: "conv.in.message.received",
                            content: "hello")
                    }
                }
                try await client.publishMany(signals.map(\.message))
                try await eventually("all is recorded and at rest", seconds: 60) {
                    let recorded = try (0..<4).map {
                        try shards.file($0).number(
                            "SELECT count(*) FROM journal WHERE type = 'conv.in.message.received'")
                    }
                    return try recorded.allSatisfy { $0 > 0 } && recorded.reduce(0, +) == signals.count
                        && shards.isAtRest()
                }
                #expect(try await deployment.terminate() == .exited(0))
            }
            // An event published twice, as over a kill, has the same sequence; here no event is.
            let identities = listener.events.map { [$0.source, $0.id] }
            #expect(identities.count > 2 * 40 * 3 * 3)
            #expect(Set(identities).count == identities.count)
            await client.stop()
            await listener.stop()
        }
    }
}
