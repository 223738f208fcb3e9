import CSQLite
import Conversation
import Foundation
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Testing

@testable import SQLiteJournal

@Suite("Records whose content was removed") struct RemovedContentTests {
    /// Changes a record as sealing and erasing do.
    private func remove(
        _ reason: RemovedContent.Reason, _ record: JournalRecord, in directory: String, keepingID: Bool
    ) throws {
        let family = try #require(record.family)
        let hash = Int64(bitPattern: record.content.hash)
        let gone = keepingID ? "" : "id = NULL, source = NULL, type = NULL, "
        try execute(
            """
            UPDATE journal SET \(gone)time = NULL, cause = NULL, traceparent = NULL, extensions = NULL,
            data = NULL, removed = '\(reason.rawValue)', family = \(family.rawValue), content_hash = \(hash)
            WHERE position = \(record.position)
            """, in: directory)
    }

    @Test(arguments: RemovedContent.Reason.allCases, [true, false])
    func `They are read in place and without damage`(_ reason: RemovedContent.Reason, keepingID: Bool) throws {
        let directory = TemporaryDirectory()
        let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        let batch = JournalContract.sampleBatch()
        try journal.commit(batch)
        let record = batch.records[1]
        try remove(reason, record, in: directory.path, keepingID: keepingID)
        let found = try #require(try journal.record(at: record.position))
        let removed = RemovedContent(
            reason: reason, family: .audit, id: keepingID ? "" : nil, source: keepingID ? "/host" : nil,
            type: keepingID ? "conv.audit.x" : nil, contentHash: record.content.hash)
        #expect(found.content == .removed(removed))
        #expect(found.damage == nil && found.hash == record.hash && found.family == .audit)
        #expect(try journal.links(from: record.position, limit: 1) == [RecordLink(found)])
        #expect(try journal.records(after: .start, limit: 9).map(\.hash) == batch.records.map(\.hash))
        // Ends the transaction begun by the look-ups.
        try journal.commit(JournalBatch())
        try execute("UPDATE journal SET recorded_at = 1 WHERE position = \(record.position)", in: directory.path)
        #expect(try journal.record(at: record.position)?.damage != nil)
    }

    @Test(arguments: [true, false])
    func `Verification checks their position and hash, and counts them`(keepingID: Bool) throws {
        let sample = try SampleJournal()
        let store = SQLiteStore(directory: sample.directory)
        let sound = try JournalVerifier(source: store.openVerifier(shard: 0)).verifyAll()
        let records = try store.openReader(shard: 0).records(after: .start, limit: 1_000)
        let conversation = try #require(records.first).conversation
        let signals = records.filter { record in
            if case .signal = record.content { record.conversation == conversation } else { false }
        }
        for record in signals.prefix(12) {
            try remove(.erased, record, in: sample.directory, keepingID: keepingID)
        }
        let report = try JournalVerifier(source: store.openVerifier(shard: 0)).verifyAll()
        #expect(report.difference == nil)
        #expect(report.removed == 12 && report.records == sound.records)
        try execute(
            "UPDATE journal SET content_hash = content_hash + 1 WHERE position = \(signals[5].position)",
            in: sample.directory)
        let damaged = try JournalVerifier(source: store.openVerifier(shard: 0)).verifyAll().difference
        // The chain of digests shows it at the record's marker.
        #expect(damaged?.kind == .digest && damaged?.message.contains("position \(signals[5].position) ") == true)
    }
}
