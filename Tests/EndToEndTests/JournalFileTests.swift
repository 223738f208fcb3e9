import CSQLite
import Foundation
import Glibc
import TestSupport
import Testing

/// Things that a person or a script does to the data directory of a running service.
@Suite("The journal's files")
struct JournalFileTests {
    private static let ways: [(name: String, change: @Sendable (_ data: String) throws -> Void)] = [
        ("rm -rf data", { try FileManager.default.removeItem(atPath: $0) }),
        ("mv data away", { try FileManager.default.moveItem(atPath: $0, toPath: $0 + "-away") }),
        ("rm journal.db", { try FileManager.default.removeItem(atPath: $0 + "/journal.db") }),
        ("rm journal.db-wal", { try FileManager.default.removeItem(atPath: $0 + "/journal.db-wal") }),
        (
            "another file in its place",
            { data in
                try FileManager.default.copyItem(atPath: data + "/journal.db", toPath: data + "/copy")
                rename(data + "/copy", data + "/journal.db")
            }
        ),
    ]

    private static func note(_ id: String) -> OwnSignal {
        OwnSignal(subject: "files", source: "/test", id: id, type: "conv.in.note.taken", content: "")
    }

    @Test(
        "After its files are removed, moved or replaced, a running service acknowledges nothing; readiness says why",
        .timeLimit(.minutes(2)), arguments: ways.indices)
    func displaced(_ index: Int) async throws {
        let way = Self.ways[index]
        let deployment = try Deployment()
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        let receipts = try await ReceiptClient(deployment)
        #expect(try await receipts.publish(Self.note("before")).status == "recorded")
        await receipts.stop()
        let acknowledged = relay.count(.puback, .fromClient)

        try way.change(deployment.dataDirectory)
        let client = try await deployment.client()
        try await client.publishMany((0..<50).map { Self.note("after-\($0)").message })
        try await eventually("readiness says why; \(way.name): \(deployment.readiness)") {
            !deployment.isReady && deployment.readiness.contains("under the running service")
        }
        #expect(relay.count(.puback, .fromClient) == acknowledged, "\(way.name)")
        #expect(deployment.process?.ended == nil)
        #expect(deployment.process?.log.contains("restore a backup") == true)
        // A stop takes limited time, whatever happened to the files.
        #expect(try await deployment.terminate() == .exited(0))
        await client.stop()
        relay.stop()
    }

    @Test("When its files are moved back, the service continues and has lost nothing", .timeLimit(.minutes(2)))
    func movedBack() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let client = try await deployment.client()
        try await client.publishMany([Self.note("before").message])
        rename(deployment.dataDirectory, deployment.dataDirectory + "-away")
        try await eventually("it is noticed without a signal") { !deployment.isReady }
        try await client.publishMany((0..<20).map { Self.note("during-\($0)").message })
        rename(deployment.dataDirectory + "-away", deployment.dataDirectory)
        try await deployment.waitUntilReady()
        let journal = try JournalFile(deployment.journal)
        try await eventually("all is recorded") {
            try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.in.note.taken'") == 21
        }
        #expect(try await deployment.terminate() == .exited(0))
        await client.stop()
    }

    /// Files in place of a journal, and the texts that the refusals must contain.
    private static let foreign: [(name: String, words: String, make: @Sendable (_ data: String) throws -> Void)] = [
        ("an empty file", "is empty", { try Data().write(to: file($0)) }),
        ("a text", "not a SQLite database", { try Data("hello".utf8).write(to: file($0)) }),
        ("another program's database", "another program", { try shell("CREATE TABLE t (x)", $0) }),
        ("a newer version", "newer Convey", { try copyOfKilled($0, then: "PRAGMA user_version = 99") }),
        ("a copy without its WAL", "without its journal.db-wal", { try copyOfKilled($0, then: nil) }),
    ]

    private static func file(_ data: String) -> URL { URL(fileURLWithPath: data + "/journal.db") }

    private static func shell(_ sql: String, _ data: String) throws {
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        try #require(sqlite3_open(data + "/journal.db", &database) == SQLITE_OK)
        try #require(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK)
    }

    /// Expects the journal of a killed service at `data + "-killed"`.
    private static func copyOfKilled(_ data: String, then sql: String?) throws {
        for name in ["journal.db"] + (sql == nil ? [] : ["journal.db-wal"]) {
            try FileManager.default.copyItem(atPath: data + "-killed/" + name, toPath: data + "/" + name)
        }
        if let sql { try shell(sql, data) }
    }

    @Test(
        "Every command refuses an invalid journal with the reason, and leaves it unchanged", .timeLimit(.minutes(3)))
    func foreignFiles() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let client = try await deployment.client()
        try await client.publishMany([Self.note("1").message])
        try await eventually("it is recorded") { deployment.metric("convey_signals_recorded_total") > 1 }
        deployment.kill()
        await client.stop()
        let data = deployment.dataDirectory
        rename(data, data + "-killed")

        let commands: [[String]] = [
            ["serve", "--embedded-broker", "--http", "127.0.0.1:\(try freePort())"], ["verify"], ["verify", "files"],
            ["deadletters", "list"], ["deadletters", "show", "1"], ["deadletters", "redrive", "1"],
            ["deadletters", "discard", "1"], ["timeline", "files"], ["context", "files"], ["events", "files"],
            ["state", "files"], ["trace", "files", "1"], ["conversations"], ["effects"],
        ]
        for (name, words, make) in Self.foreign {
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            try make(data)
            let before = try Self.contents(data)
            for command in commands {
                let process = try ConveyProcess(
                    command + ["--data", data], in: deployment.directory, name: "foreign-\(UUID().uuidString.prefix(8))"
                )
                try await eventually("\(command) ends with \(name)", seconds: 60) { process.ended != nil }
                #expect(process.ended != .exited(0), "\(command) with \(name)")
                let said = process.log + process.output
                #expect(said.contains(words), "\(command) with \(name): \(said)")
                #expect(try Self.contents(data) == before, "\(command) with \(name) has written")
            }
            let project = try ConveyProcess(
                ["project", "--database", data + "/journal.db"] + deployment.brokerFlags, in: deployment.directory,
                name: "project-\(UUID().uuidString.prefix(8))")
            try await eventually("project ends with \(name)", seconds: 60) { project.ended != nil }
            #expect(project.ended == .exited(69))
            #expect(try Self.contents(data) == before, "project with \(name) has written")
            try FileManager.default.removeItem(atPath: data)
        }
        rename(data + "-killed", data)
        try await deployment.start()
    }

    private static func contents(_ directory: String) throws -> [String: Data?] {
        var contents: [String: Data?] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            contents[name] = .some(FileManager.default.contents(atPath: directory + "/" + name))
        }
        return contents
    }
}
