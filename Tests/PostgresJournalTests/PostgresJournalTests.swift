import JournalPort
import JournalSupport
import Signals
import TestSupport
import Testing

@testable import PostgresJournal

@Suite struct PostgresJournalTests {
    @Test(arguments: JournalContract.cases)
    func `The PostgreSQL journal meets the contract`(_ contract: JournalContract) throws {
        try contract.run(PostgresStore.empty().open())
    }

    @Test func `Committed records are present after the journal is opened again`() throws {
        let store = try PostgresStore.empty()
        let batch = JournalContract.sampleBatch()
        let journal = try store.open()
        try journal.commit(batch)
        journal.release()
        #expect(try store.open().records(after: .start, limit: 10) == batch.records)
    }

    @Test func `A reader sees commits while the writer continues`() throws {
        let store = try PostgresStore.empty()
        let journal = try store.open()
        let reader = try journal.makeReader()
        #expect(try reader.records(after: .start, limit: 10).isEmpty)
        let batch = JournalContract.sampleBatch()
        try journal.commit(batch)
        #expect(try reader.records(after: .start, limit: 10) == batch.records)
        #expect(try reader.subject(of: ConversationID(1)) == "a/b #ü")
    }

    @Test func `A commit that fails in the middle writes nothing, and probe makes the journal usable again`() throws {
        let journal = try PostgresStore.empty().open()
        try journal.commit(JournalContract.sampleBatch())
        var clashing = JournalContract.sampleBatch()
        clashing.createdConversations = [ConversationRecord(id: ConversationID(2), subject: "new", partition: 0)]
        clashing.records[0].position = Position(4)
        clashing.records[1].position = Position(1)
        #expect(throws: JournalError.self) { try journal.commit(clashing) }
        try journal.probe()
        #expect(try journal.conversation(subject: "new") == nil)
        #expect(try journal.recoveryPoint().lastPosition == Position(3))
        var following = JournalBatch()
        following.outboxCursor = Position(3)
        try journal.commit(following)
    }

    @Test func `A text with a NUL character is stored unchanged`() throws {
        let journal = try PostgresStore.empty().open()
        var batch = JournalContract.sampleBatch()
        guard case .signal(var signal) = batch.records[0].content else { return }
        signal.id = "a\u{0}b"
        batch.records[0] = JournalRecord(
            position: batch.records[0].position, conversation: batch.records[0].conversation, previous: .start,
            offset: 1,
            sequence: 1, recordedAt: 1, content: .signal(signal))
        try journal.commit(batch)
        #expect(try journal.record(at: batch.records[0].position) == batch.records[0])
    }

    @Test func `The layout is fixed when the journal is created`() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.createDatabase()
        _ = try PostgresStore(url: url, node: "a", newLayout: JournalLayout(partitions: 4, shards: 2)).prepare()
        let again = try PostgresStore(url: url, node: "a", newLayout: JournalLayout(partitions: 64, shards: 8))
        #expect(try again.prepare() == JournalLayout(partitions: 4, shards: 2))
        let first = try again.openWriter(shard: 0).shard
        let second = try again.openWriter(shard: 1).shard
        #expect(first.tag != second.tag && first.count == 2 && second.index == 1)
    }

    @Test func `A journal of a newer version is refused`() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.createDatabase()
        let layout = JournalLayout(partitions: 4, shards: 1)
        _ = try PostgresStore(url: url, node: "a", newLayout: layout).prepare()
        try server.execute(
            "UPDATE convey.settings SET value = '99' WHERE name = 'version'",
            database: databaseName(in: url))
        let error = #expect(throws: JournalError.self) {
            try PostgresStore(url: url, node: "a", newLayout: layout).prepare()
        }
        #expect(error?.code == .newerVersion)
    }

    @Test func `A server that may lose confirmed commits is refused`() throws {
        let server = try PostgresServer.shared.get()
        let url = try server.createDatabase()
        let name = databaseName(in: url)
        try server.execute("ALTER DATABASE \(name) SET synchronous_commit = off", database: name)
        let error = #expect(throws: JournalError.self) {
            try PostgresStore(url: url, node: "a", newLayout: JournalLayout(partitions: 4, shards: 1)).prepare()
        }
        #expect(error?.code == .cannotOpen && error?.message.contains("synchronous_commit") == true)
    }
}
