import Glibc
import JournalPort
import MQTTTransport
import PostgresJournal
import TestSupport
import Testing

extension UnderLoad {
    /// Nodes that share a PostgreSQL journal: one works, the others stand by.
    @Suite("Several nodes")
    struct ClusterTests {
        private func cluster(nodes: Int = 2, _ flags: [String] = []) throws -> Cluster {
            let server = try PostgresServer.shared.get()
            return try Cluster(nodes: nodes, server: server, url: server.createDatabase(), flags: flags)
        }

        @Test("A node on PostgreSQL continues after a kill where it stopped, and its journal verifies")
        func oneNode() async throws {
            let cluster = try cluster(nodes: 1, ["--llm-echo-delay", "20ms"])
            try cluster.launch(0)
            _ = try await cluster.waitForActive()
            let listener = try await cluster.listener()
            let client = try await cluster.client()
            try await client.publishMany([message("m1", "one two three four five six")])
            try await eventually("the answer has begun", seconds: 20) {
                listener.counts["conv.out.assistant.delta", default: 0] > 1
            }
            cluster.kill(0)
            try cluster.launch(0)
            try await eventually("the answer has ended; \(cluster.logs)", seconds: 30) {
                listener.counts["conv.out.assistant.completed", default: 0] >= 1
            }
            #expect(try await cluster.terminate(0) == .exited(0))
            try await verify(cluster)
            await client.stop()
            await listener.stop()
        }

        @Test("If a node is killed in the middle of an answer, the standby node continues the answer")
        func failover() async throws {
            let cluster = try cluster(["--llm-echo-delay", "40ms"])
            try cluster.launch(0)
            _ = try await cluster.waitForActive()
            try cluster.launch(1)
            try await eventually("the second stands by; \(cluster.logs)", seconds: 20) { cluster.isStandby(1) }
            #expect(cluster.readiness(1).contains("n0"))
            try await eventually("both nodes know of each other", seconds: 20) {
                let lines = try await show(cluster, askedAt: 1).split(separator: "\n").map(String.init)
                return lines.contains { $0.hasPrefix("n0") && $0.contains("at work") }
                    && lines.contains { $0.hasPrefix("n1") && $0.contains("standing by") }
            }
            let listener = try await cluster.listener()
            let client = try await cluster.client()
            try await client.publishMany([
                OutgoingMessage(
                    topic: "conv/in/room/note/taken", payload: Array(#"{"specversion":"1.0","id":"n1"}"#.utf8))
            ])
            try await listener.waitUntilApplied("n1", subject: "room")
            // At the node that stands by, and takes over in the middle.
            let port = cluster.port(1)
            async let streamed = EventReader.read("/v1/conversations/room/stream", after: 0, port: port) {
                $0.type == "conv.out.assistant.completed"
            }
            try await client.publishMany([message("m1", "one two three four five six seven eight nine ten")])
            try await eventually("the answer has begun", seconds: 20) {
                listener.counts["conv.out.assistant.delta", default: 0] > 1
            }
            cluster.kill(0)
            try await eventually("the answer goes on elsewhere; \(cluster.logs)", seconds: 30) {
                listener.counts["conv.out.assistant.completed", default: 0] >= 1
            }
            #expect(cluster.isActive(1))
            let events = await streamed
            #expect(events.map(\.id) == Array(1...Int64(max(1, events.count))))
            #expect(events.last?.type == "conv.out.assistant.completed")
            try cluster.launch(0)
            try await eventually("the first stands by now; \(cluster.logs)", seconds: 20) { cluster.isStandby(0) }
            #expect(try await cluster.terminate(1) == .exited(0))
            _ = try await cluster.waitForActive(except: 1)
            #expect(try await cluster.terminate(0) == .exited(0))
            try await verify(cluster)
            await client.stop()
            await listener.stop()
        }

        @Test("A journal that was moved to PostgreSQL has the same content, and the service continues with it")
        func migration() async throws {
            let deployment = try Deployment(["--llm-echo-delay", "1ms"])
            try await deployment.start()
            let listener = try await deployment.listener()
            let load = Load(Load.Settings(limit: 100), listener: listener)
            let port = deployment.broker.port
            try await load.run(port: port, generator: SeededGenerator(seed: 1))
            try await LoadAudit.waitUntilSettled(deployment, load, listener)
            #expect(try await deployment.terminate() == .exited(0))
            let server = try PostgresServer.shared.get()
            let url = try server.createDatabase()
            for name in ["migrate", "migrate-again"] {
                let migrate = try ConveyProcess(
                    ["migrate", "--from", deployment.dataDirectory, "--to", url], in: deployment.directory, name: name)
                try await eventually("migrate ends", seconds: 60) { migrate.ended != nil }
                // The second run finds an existing journal and does not change it.
                let expected: ProcessEnd = name == "migrate" ? .exited(0) : .exited(69)
                #expect(migrate.ended == expected, "\(migrate.output)\(migrate.log)")
            }
            let store = try PostgresStore(url: url, node: "audit")
            var audit = try RecordAudit(store)
            audit.check(load)
            audit.check(listener)
            #expect(audit.findings == [])
            let before = try store.openReader(shard: 0).newestLinks(before: nil, limit: 1).first?.position
            try deployment.launch(["--journal", url])
            try await deployment.waitUntilReady()
            let client = try await deployment.client()
            // A repeat is recognized, and a new signal is recorded after the others.
            let known = try #require(load.signals.joined().first)
            let next = OwnSignal(
                subject: known.subject, source: "/load/0", id: "after", type: "conv.in.note.taken", content: "new")
            try await client.publishMany([known.message, next.message])
            try await listener.waitUntilApplied("after", subject: known.subject)
            #expect(try await deployment.terminate() == .exited(0))
            let newest = try #require(try store.openReader(shard: 0).newestLinks(before: nil, limit: 1).first?.position)
            #expect(before.map { newest.rawValue == $0.rawValue + 2 } ?? false)
            await client.stop()
            await listener.stop()
        }

        /// The output of `convey cluster`.
        private func show(_ cluster: Cluster, askedAt node: Int) async throws -> String {
            let command = try ConveyProcess(
                ["cluster", "--http", cluster.address(node)], in: cluster.directory, name: "cluster")
            try await eventually("convey cluster ends", seconds: 20) { command.ended != nil }
            #expect(command.ended == .exited(0), "\(command.log)")
            return command.output
        }

        @Test(
            "After faults of nodes and the database, nothing is lost, recorded twice, reordered or left unapplied",
            .timeLimit(.minutes(5)), arguments: [1, 2])
        func faults(shards: Int) async throws {
            var generator = SeededGenerator.announced("cluster(\(shards))")
            let cluster = try cluster(["--llm-echo-delay", "1ms", "--journal-shards", "\(shards)"])
            try cluster.launch(0)
            _ = try await cluster.waitForActive()
            try cluster.launch(1)
            let listener = try await cluster.listener()
            let load = Load(Load.Settings(), listener: listener)
            let port = cluster.broker.port
            let loadGenerator = SeededGenerator(seed: generator.next())
            async let publishing: Void = load.run(port: port, generator: loadGenerator)
            for fault in Fault.allCases {
                let events = listener.count + Int.random(in: 200...800, using: &generator)
                try await eventually("\(events) events; \(cluster.logs)", seconds: 60) { listener.count >= events }
                try await carryOut(fault, cluster)
            }
            load.stop()
            try await publishing
            let store = try cluster.store
            let published = Set(load.signals.joined()).count
            try await eventually("all is recorded and at rest; \(cluster.logs)", seconds: 90) {
                try RecordAudit.isAtRest(store) && RecordAudit.recorded(store, source: "/load/") >= published
            }
            try await eventually("the listener is silent", seconds: 60) {
                var audit = try RecordAudit(store)
                audit.check(listener)
                return audit.findings.allSatisfy { !$0.contains("never came") }
            }
            for node in cluster.nodes.indices { #expect(try await cluster.terminate(node) == .exited(0)) }
            var audit = try RecordAudit(store)
            audit.check(load)
            audit.check(listener)
            try audit.checkAtRest()
            #expect(audit.findings == [], "\(cluster.logs)")
            try await verify(cluster)
            await listener.stop()
        }

        private enum Fault: CaseIterable {
            case killActive, stopWithinLease, stopBeyondLease, terminateActive, endBackends, killActiveAgain
        }

        private func carryOut(_ fault: Fault, _ cluster: Cluster) async throws {
            let active = try await cluster.waitForActive()
            switch fault {
            case .killActive, .killActiveAgain:
                cluster.kill(active)
                _ = try await cluster.waitForActive(except: active)
                try cluster.launch(active)
            case .stopWithinLease, .stopBeyondLease:
                cluster.send(signal: SIGSTOP, to: active)
                // The test needs this exact length of the pause.
                try await Task.sleep(for: fault == .stopWithinLease ? .seconds(1) : .seconds(7))
                if fault == .stopBeyondLease { _ = try await cluster.waitForActive(except: active) }
                cluster.send(signal: SIGCONT, to: active)
                try await eventually("one node is at work; \(cluster.logs)", seconds: 30) {
                    cluster.nodes.indices.count(where: cluster.isActive) == 1
                }
            case .terminateActive:
                #expect(try await cluster.terminate(active) == .exited(0))
                _ = try await cluster.waitForActive(except: active)
                try cluster.launch(active)
            case .endBackends:
                let database = String(cluster.url.split(separator: "/").last ?? "")
                try cluster.server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database)' AND pid <> pg_backend_pid()",
                    database: "postgres")
            }
        }

        private func message(_ id: String, _ content: String) -> OutgoingMessage {
            OutgoingMessage(
                topic: "conv/in/room/message/received",
                payload: Array(
                    #"{"specversion":"1.0","id":"\#(id)","source":"/test","type":"conv.in.message.received","subject":"room","data":{"content":"\#(content)"}}"#
                        .utf8))
        }

        private func verify(_ cluster: Cluster) async throws {
            let verify = try ConveyProcess(["verify", "--data", cluster.url], in: cluster.directory, name: "verify")
            try await eventually("verify ends", seconds: 60) { verify.ended != nil }
            #expect(verify.ended == .exited(0), "\(verify.output)\(verify.log)")
        }
    }
}
