import ConveyEngine
import EffectPort
import Foundation
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Signals
import TestSupport
import Testing

@testable import PostgresJournal
@testable import SQLiteJournal
@testable import SimulationKit

/// Runs engines on two journals with the same inputs at the same times.
@Suite struct SameAsSQLiteTests {
    private static let partitions = 8

    /// One engine and its running attempts.
    private struct Side {
        let journal: any Journal
        var engine: Engine
        var running: [EffectKey: EffectAttempt] = [:]

        init(_ journal: any Journal, at time: EngineTime) throws {
            self.journal = journal
            engine = try Self.engine(journal, time)
        }

        private static func engine(_ journal: any Journal, _ time: EngineTime) throws -> Engine {
            var settings = EngineSettings()
            settings.causeTimeoutMilliseconds = 150
            // Low limits, so that states are saved and loaded often.
            settings.conversationLimit = 5
            settings.checkpointInterval = 100
            settings.residentSignalLimit = 3
            settings.effects.tools["guarded"] = ToolPolicy(requiresApproval: true)
            return try Engine(
                journal: journal, settings: settings, time: time,
                logger: Logger(label: "same") { _ in SwiftLogNoOpLogHandler() })
        }

        /// Replaces the engine, as a restart does.
        mutating func restart(at time: EngineTime) throws {
            running = [:]
            engine = try Self.engine(journal, time)
        }

        /// Runs transactions until no immediate work is left.
        mutating func process(_ first: EngineInput, at time: EngineTime) throws -> [RecordOutcome] {
            var input = first
            var outcomes: [RecordOutcome] = []
            repeat {
                let output = try engine.process(input, at: time)
                outcomes += output.outcomes
                for order in output.orders {
                    switch order {
                    case .run(let attempt): running[attempt.effect.key] = attempt
                    case .stop(let key): running[key] = nil
                    }
                }
                input = EngineInput()
                input.outboxCursor = engine.lastPosition
            } while engine.hasWork
            return outcomes
        }

        /// Lets every attempt emit some text and end.
        mutating func endAttempts(at time: EngineTime) throws {
            var input = EngineInput()
            let keys = running.keys.sorted { ($0.cause, $0.ordinal) < ($1.cause, $1.ordinal) }
            for (index, key) in keys.enumerated() {
                guard let effect = running.removeValue(forKey: key)?.effect else { continue }
                input.reports.append(EffectReport(effect, .delta(EffectDelta("piece "))))
                let end: EffectReport.Event =
                    index % 3 == 2
                    ? .failed(EffectFailure(.provider, "it is scripted"))
                    : .completed(EffectResult(content: "answer \(key)", finishReason: "stop"))
                input.reports.append(EffectReport(effect, end))
            }
            _ = try process(input, at: time)
        }
    }

    @Test func `The same inputs give equal records, outcomes, effects and states, and both journals verify`() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("same-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let layout = JournalLayout(partitions: Self.partitions, shards: 1)
        let files = SQLiteStore(directory: directory.path, newLayout: layout)
        _ = try files.prepare()
        let sqlite = try files.openWriter(shard: 0)
        let url = try PostgresServer.shared.get().createDatabase()
        let database = try PostgresStore(url: url, node: "same", allowsUnfinished: true)
        // Both journals have the same tag, so that ids are equal.
        try database.prepareCopy(layout, tags: [sqlite.shard.tag])
        try database.finishCopy()
        var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
        var sides = try [Side(sqlite, at: time), Side(database.openWriter(shard: 0), at: time)]
        let day = RecordedDay(conversations: 20, steps: 40)
        for (number, step) in day.steps.enumerated() {
            time.wall += 10_000
            time.monotonic += 10
            var input = EngineInput()
            input.inbound = step.map { .accepted($0.signal) }
            let outcomes = try sides.indices.map { try sides[$0].process(input, at: time) }
            #expect(outcomes[0] == outcomes[1])
            for index in sides.indices {
                if number % 3 == 2 { try sides[index].endAttempts(at: time) }
                if number == day.steps.count / 2 { try sides[index].restart(at: time) }
            }
        }
        let journals = sides.map(\.journal)
        let records = try journals.map { try $0.records(after: .start, limit: 100_000) }
        #expect(records[0].count > 500 && records[0] == records[1])
        #expect(records[0].map(\.hash) == records[1].map(\.hash))
        let effects = try journals.map { try $0.storedEffects(after: nil, of: nil, limit: 1_000) }
        #expect(effects[0] == effects[1])
        for subject in day.subjects {
            // Rows are not compared, because two engines may evict conversations in different orders. Verification checks them.
            let heads = try journals.map { try $0.head(subject: subject) }
            #expect(heads[0] == heads[1])
        }
        let points = try journals.map { try $0.recoveryPoint() }
        #expect(points[0] == points[1])
        for store in [files, database] as [any JournalStore] {
            let report = try JournalVerifier(source: store.openVerifier(shard: 0)).verifyAll { _ in }
            #expect(report.difference == nil)
        }
    }
}
