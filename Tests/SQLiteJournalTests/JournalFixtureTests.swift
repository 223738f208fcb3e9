import Conversation
import ConveyEngine
import EffectPort
import Foundation
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Signals
import Testing

@testable import SQLiteJournal

/// Journals of released formats, kept in Tests/SQLiteJournalTests/Fixtures.
@Suite("Journals of released formats") struct JournalFixtureTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures"
    private static let logger = Logger(label: "fixtures") { _ in SwiftLogNoOpLogHandler() }
    private static let isMaking = ProcessInfo.processInfo.environment["CONVEY_MAKE_FIXTURES"] != nil

    /// The folders that hold a journal.
    private static var names: [String] {
        // No folder, no fixtures.
        let found = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return found.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/journal.db") }.sorted()
    }

    /// Records signals in every shard, as a service does.
    private static func work(in directory: String, shards: Int, round: String) throws {
        let store = SQLiteStore(directory: directory, newLayout: JournalLayout(partitions: 8, shards: shards))
        let layout = try store.prepare()
        let time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
        var settings = EngineSettings()
        settings.checkpointInterval = 20
        for shard in 0..<layout.shards {
            let engine = try Engine(
                journal: store.openWriter(shard: shard), settings: settings, time: time, logger: logger)
            for index in 0..<24 {
                let subject = "conversation-\(index % 6)"
                guard layout.shard(of: subject) == shard else { continue }
                var input = EngineInput()
                input.inbound = ["conv.in.note.taken", "conv.in.message.received"].map { type in
                    .accepted(
                        Signal(
                            id: "\(round)-\(index)-\(type.count)", source: "/host", type: type, subject: subject,
                            data: Array(#"{"content":"hello"}"#.utf8)))
                }
                var orders = try engine.process(input, at: time).orders
                while engine.hasWork { orders += try engine.process(EngineInput(), at: time).orders }
                for order in orders {
                    guard case .run(let attempt) = order, index % 5 != 4 else { continue }
                    var report = EngineInput()
                    report.reports = [
                        EffectReport(
                            attempt.effect, .completed(EffectResult(content: "answer", finishReason: "stop")))
                    ]
                    _ = try engine.process(report, at: time)
                }
            }
        }
    }

    private static func verify(_ directory: String) throws -> [VerificationReport] {
        let store = SQLiteStore(directory: directory)
        return try (0..<store.layout().shards).map { shard in
            try JournalVerifier(source: store.openVerifier(shard: shard)).verifyAll()
        }
    }

    @Test(.enabled(if: isMaking), arguments: [("1-one-shard", 1), ("1-three-shards", 3)])
    func `Fixtures are made on request`(_ name: String, shards: Int) throws {
        let directory = Self.folder + "/" + name
        try #require(!FileManager.default.fileExists(atPath: directory), "a fixture is never changed")
        try Self.work(in: directory, shards: shards, round: "made")
        try FileManager.default.removeItem(atPath: directory + "/convey.lock")
    }

    @Test(arguments: names)
    func `They open, verify, serve and continue`(_ name: String) throws {
        let directory = TemporaryDirectory()
        try FileManager.default.copyItem(atPath: Self.folder + "/" + name, toPath: directory.path)
        let before = try Self.verify(directory.path)
        #expect(before.allSatisfy { $0.difference == nil } && before.contains { $0.records > 0 })
        let store = SQLiteStore(directory: directory.path)
        let layout = try store.layout()
        for index in 0..<6 {
            let subject = "conversation-\(index)"
            let reader = try store.openReader(shard: layout.shard(of: subject))
            let answer = try QueryExecutor(reader: reader).answer(QueryRequest(.timeline, subject: subject))
            #expect(String(decoding: answer.body, as: UTF8.self).contains("hello"))
        }
        try Self.work(in: directory.path, shards: 1, round: "continued")
        let after = try Self.verify(directory.path)
        #expect(after.allSatisfy { $0.difference == nil })
        #expect(after.reduce(0) { $0 + $1.records } > before.reduce(0) { $0 + $1.records })
    }
}
