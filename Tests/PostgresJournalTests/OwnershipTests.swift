import JournalPort
import JournalSupport
import Signals
import TestSupport
import Testing

@testable import PostgresJournal

@Suite struct OwnershipTests {
    private let layout = JournalLayout(partitions: 4, shards: 1)

    private func nodes() throws -> (first: PostgresStore, second: PostgresStore, database: String) {
        let server = try PostgresServer.shared.get()
        let url = try server.createDatabase()
        let first = try PostgresStore(url: url, node: "first", newLayout: layout)
        return (
            first, try PostgresStore(url: url, node: "second", newLayout: layout),
            databaseName(in: url)
        )
    }

    private func following(_ position: Int64) -> JournalBatch {
        var batch = JournalBatch()
        var record = JournalContract.sampleBatch().records[0]
        record.position = Position(position)
        batch.records = [record]
        return batch
    }

    @Test func `Opening a shard that another node owns fails with that node's name`() throws {
        let (first, second, _) = try nodes()
        let journal = try first.open()
        let error = #expect(throws: JournalError.self) { try second.open() }
        #expect(error?.code == .ownedElsewhere && error?.message.contains("first") == true)
        #expect(journal.lease?.isHeld == true)
    }

    @Test func `Another node can take a released shard over at once`() throws {
        let (first, second, _) = try nodes()
        let journal = try first.open()
        try journal.commit(JournalContract.sampleBatch())
        journal.release()
        #expect(journal.lease?.isHeld == false)
        let taken = try second.open()
        #expect(taken.epoch == 2)
        #expect(try taken.recoveryPoint().lastPosition == Position(3))
    }

    @Test func `A broken connection of the owner frees the shard, and the former owner can no longer write`() throws {
        let (first, second, database) = try nodes()
        let server = try PostgresServer.shared.get()
        let former = try first.open()
        try former.commit(JournalContract.sampleBatch())
        try server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'convey-shard-0' AND datname = '\(database)'",
            database: database)
        let taken = try second.open()
        #expect(throws: JournalError.self) { try former.commit(self.following(4)) }
        #expect(former.lease?.isHeld == false)
        let error = #expect(throws: JournalError.self) { try former.probe() }
        #expect(error?.code == .ownedElsewhere)
        #expect(try taken.recoveryPoint().lastPosition == Position(3))
        try taken.commit(following(4))
    }

    /// Tests the fence: without it the commit of the former owner would succeed.
    @Test func `An owner whose shard was taken over cannot commit, even if its connection is open`() throws {
        let (first, _, database) = try nodes()
        let server = try PostgresServer.shared.get()
        let former = try first.open()
        try former.commit(JournalContract.sampleBatch())
        try server.execute("UPDATE convey.shard SET epoch = epoch + 1", database: database)
        let error = #expect(throws: JournalError.self) { try former.commit(self.following(4)) }
        #expect(error?.code == .ownedElsewhere)
        let left = try server.execute("SELECT count(*) FROM convey_shard_0.journal", database: database)
        #expect(left == "3")
        #expect(former.lease?.isHeld == false)
    }

    @Test func `After the lease has expired, another node can take the shard from an owner that hangs`() throws {
        let (first, second, database) = try nodes()
        let server = try PostgresServer.shared.get()
        let former = try first.open()
        try server.execute("UPDATE convey.shard SET lease_until = now() - interval '1 s'", database: database)
        let taken = try second.open()
        #expect(taken.epoch == former.epoch + 1)
        // The server frees the lock a moment before it closes the connection.
        try waitUntil("the former owner notices") { (try? former.confirmInPlace()) == nil }
        #expect(former.lease?.isHeld == false)
    }

    @Test func `An owner that has lost its connection can take its shard over again`() throws {
        let (first, _, database) = try nodes()
        let server = try PostgresServer.shared.get()
        let journal = try first.open()
        try journal.commit(JournalContract.sampleBatch())
        try server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'convey-shard-0' AND datname = '\(database)'",
            database: database)
        #expect(throws: JournalError.self) { try journal.commit(self.following(4)) }
        try journal.probe()
        #expect(journal.epoch == 2 && journal.lease?.isHeld == true)
        try journal.commit(following(4))
        #expect(try journal.recoveryPoint().lastPosition == Position(4))
    }

    @Test func `A lease expires by the first of two clocks, and before it expires at the server`() {
        let lease = Lease()
        let start = Lease.Moment(sinceBoot: 1_000_000, wall: 50_000_000)
        #expect(!lease.isHeld(at: start))
        lease.prolong(askedAt: start)
        func at(_ sinceBoot: Int64, _ wall: Int64) -> Lease.Moment {
            Lease.Moment(sinceBoot: start.sinceBoot + sinceBoot, wall: start.wall + wall)
        }
        #expect(lease.isHeld(at: at(4_400_000, 4_400_000)))
        #expect(!lease.isHeld(at: at(4_500_000, 4_500_000)))
        // In this order: the machine slept, a virtual machine was paused, the wall clock was set back.
        #expect(!lease.isHeld(at: at(60_000_000, 1_000)))
        #expect(!lease.isHeld(at: at(1_000, 60_000_000)))
        #expect(lease.isHeld(at: at(1_000, -60_000_000)))
        lease.end()
        #expect(!lease.isHeld(at: start))
    }
}
