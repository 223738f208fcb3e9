import CSQLite
import ConveyEngine
import Foundation
import JournalPort
import JournalReading
import Logging
import Signals
import Testing

@testable import SQLiteJournal

@Suite("Deleted records") struct DeletedRecordTests {
    private static let subject = SampleJournal.subjects[3]

    private func verify(_ sample: SampleJournal) throws -> VerificationReport {
        try JournalVerifier(source: SQLiteStore(directory: sample.directory).openVerifier(shard: 0)).verifyAll()
    }

    private func number(of subject: String) -> String {
        "(SELECT id FROM conversations WHERE subject = '\(subject)')"
    }

    /// Deletes all records of a conversation, as a retention rule does: before the checkpoint, with the newest counters
    /// saved.
    private func delete(_ subject: String, in sample: SampleJournal) throws {
        let records = "FROM journal WHERE conversation = \(number(of: subject))"
        try execute(
            """
            INSERT INTO deleted_positions (first, last, hashes) SELECT position, position, hash \(records);
            DELETE \(records)
            """, in: sample.directory)
    }

    /// A service that opens the journal, records a signal, and saves its state.
    private func work(in sample: SampleJournal, _ ids: [String]) throws {
        var settings = EngineSettings()
        settings.checkpointInterval = 1
        let time = EngineTime(wall: 1_800_000_000_000_000, monotonic: 0)
        let engine = try Engine(
            journal: SQLiteJournal.open(directory: sample.directory, partitionCount: 4), settings: settings, time: time,
            logger: Logger(label: "deleted") { _ in SwiftLogNoOpLogHandler() })
        for id in ids {
            var input = EngineInput()
            input.inbound = [
                .accepted(
                    Signal(
                        id: id, source: "/host", type: "conv.in.note.taken", subject: Self.subject,
                        data: Array("{}".utf8)))
            ]
            _ = try engine.process(input, at: time)
            while engine.hasWork { _ = try engine.process(EngineInput(), at: time) }
        }
    }

    @Test func `Verification skips a deleted conversation, and counts it`() throws {
        let sample = try SampleJournal()
        try work(in: sample, ["before-1", "before-2"])
        let whole = try verify(sample)
        #expect(whole.difference == nil && whole.deleted == 0)
        try delete(Self.subject, in: sample)
        let report = try verify(sample)
        #expect(report.difference == nil)
        #expect(report.deleted > 20 && report.records + report.deleted == whole.records)
        try execute("DELETE FROM deleted_positions WHERE first < 100", in: sample.directory)
        #expect(try verify(sample).difference?.kind == .position)
    }

    @Test func `A conversation that returns after its deletion continues where it was, and verifies`() throws {
        let sample = try SampleJournal()
        try work(in: sample, ["before-1", "before-2"])
        let store = SQLiteStore(directory: sample.directory)
        let newest = try #require(try store.openReader(shard: 0).head(subject: Self.subject))
        try delete(Self.subject, in: sample)
        try work(in: sample, ["after-1", "after-2"])
        let report = try verify(sample)
        #expect(report.difference == nil && report.deleted > 20)
        let reader = try store.openVerifier(shard: 0)
        let head = try #require(try reader.head(subject: Self.subject))
        #expect(head.offset == newest.offset + 4 && head.position > newest.position)
        let one = try JournalVerifier(source: reader).verify(subject: Self.subject)
        #expect(one?.difference == nil && one?.records == 4)
        try execute("UPDATE journal SET digest = digest + 1 WHERE position = \(head.position)", in: sample.directory)
        #expect(try verify(sample).difference?.kind == .digest)
    }

    @Test(arguments: [1, 2, 3, 50, 101, 250])
    func `Verification begins after the start`(_ start: Int) throws {
        let sample = try SampleJournal()
        let whole = try verify(sample)
        try execute(
            """
            DELETE FROM journal WHERE position <= \(start);
            UPDATE cursors SET position = \(start) WHERE name = 'start'
            """, in: sample.directory)
        let report = try verify(sample)
        #expect(report.difference == nil)
        #expect(report.deleted == start && report.records + start == whole.records)
        try execute("UPDATE cursors SET position = \(start - 1) WHERE name = 'start'", in: sample.directory)
        #expect(try verify(sample).difference?.kind == .position)
    }
}
