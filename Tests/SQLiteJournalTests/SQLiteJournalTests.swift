import CSQLite
import Foundation
import JournalPort
import JournalSupport
import SQLiteJournal
import Signals
import Testing

@Suite struct SQLiteJournalTests {
    @Test(arguments: JournalContract.cases)
    func `The SQLite journal keeps the contract`(_ contract: JournalContract) throws {
        let directory = TemporaryDirectory()
        try contract.run(SQLiteJournal.open(directory: directory.path, partitionCount: 4))
    }

    @Test func `Committed data are there after reopening`() throws {
        let directory = TemporaryDirectory()
        let batch = JournalContract.sampleBatch()
        try SQLiteJournal.open(directory: directory.path, partitionCount: 4).commit(batch)
        let reopened = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        #expect(try reopened.records(after: .start, limit: 10) == batch.records)
    }

    @Test func `The number of partitions is fixed when the journal is created`() throws {
        let directory = TemporaryDirectory()
        _ = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        #expect(try SQLiteJournal.open(directory: directory.path, partitionCount: 64).partitionCount == 4)
    }

    @Test func `A second opening is refused, and names the holder`() throws {
        let directory = TemporaryDirectory()
        let first = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        defer { withExtendedLifetime(first) {} }
        let error = #expect(throws: JournalError.self) {
            try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        }
        #expect(error?.code == .inUse)
        #expect(error?.message.contains("\(getpid())") == true)
    }

    @Test func `A journal of a newer version is refused`() throws {
        let directory = TemporaryDirectory()
        _ = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        try execute("PRAGMA user_version = 99", in: directory.path)
        let error = #expect(throws: JournalError.self) {
            try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        }
        #expect(error?.code == .newerVersion)
    }

    @Test func `Another program's database is refused`() throws {
        let directory = TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
        try execute("PRAGMA application_id = 5; CREATE TABLE t (x)", in: directory.path)
        let error = #expect(throws: JournalError.self) {
            try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        }
        #expect(error?.code == .cannotOpen)
    }

    @Test func `A commit that fails in the middle leaves nothing behind`() throws {
        let directory = TemporaryDirectory()
        let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        try journal.commit(JournalContract.sampleBatch())
        var clashing = JournalContract.sampleBatch()
        clashing.createdConversations = [ConversationRecord(id: ConversationID(2), subject: "new", partition: 0)]
        // Position 4 is new, position 1 is taken: the second insert fails.
        clashing.records[0].position = Position(4)
        clashing.records[1].position = Position(1)
        #expect(throws: JournalError.self) { try journal.commit(clashing) }
        #expect(try journal.conversation(subject: "new") == nil)
        #expect(try journal.recoveryPoint().lastPosition == Position(3))
        var following = JournalBatch()
        following.outboxCursor = Position(3)
        try journal.commit(following)
    }

    @Test func `While another connection holds the write lock a commit fails as busy, and works afterwards`() throws {
        let directory = TemporaryDirectory()
        let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        var other: OpaquePointer?
        #expect(sqlite3_open(directory.path + "/journal.db", &other) == SQLITE_OK)
        defer { sqlite3_close(other) }
        #expect(sqlite3_exec(other, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
        let error = #expect(throws: JournalError.self) {
            try journal.commit(JournalContract.sampleBatch())
        }
        #expect(error?.code == .busy)
        #expect(error?.isRetriable == true)
        #expect(sqlite3_exec(other, "ROLLBACK", nil, nil, nil) == SQLITE_OK)
        try journal.commit(JournalContract.sampleBatch())
    }

    @Test func `A reader sees commits while the writer continues`() throws {
        let directory = TemporaryDirectory()
        let journal = try SQLiteJournal.open(directory: directory.path, partitionCount: 4)
        let reader = try journal.makeReader()
        #expect(try reader.records(after: .start, limit: 10).isEmpty)
        let batch = JournalContract.sampleBatch()
        try journal.commit(batch)
        #expect(try reader.records(after: .start, limit: 10) == batch.records)
        #expect(try reader.subject(of: ConversationID(1)) == "a/b #ü")
    }

    @Test func `A directory that cannot be created gives a clear error`() {
        let error = #expect(throws: JournalError.self) {
            try SQLiteJournal.open(directory: "/proc/convey", partitionCount: 4)
        }
        #expect(error?.code == .cannotOpen)
        #expect(error?.message.contains("/proc/convey") == true)
    }
}
