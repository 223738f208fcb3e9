import JournalPort
import SQLite
import Signals

/// A shard of the journal: one SQLite file (`journal.db`, `journal-1.db`, … in the data directory) in WAL mode with
/// `synchronous=FULL`: a returned commit survives power loss (sqlite.org/pragma.html#pragma_synchronous).
///
/// One connection on one thread does all writes and checkpoints: Debian's SQLite 3.40 can corrupt a WAL that two
/// connections write. Other threads get read-only connections from `makeReader`.
package final class SQLiteJournal: Journal {
    package let partitionCount: Int
    package let shard: Shard
    /// Holds the lock.
    private let directory: DataDirectory
    private let path: String
    private let database: Database
    private let records: RecordTable
    private let insertRecord: RecordInsert
    private let conversations: ConversationTable
    private let findIdentity: Statement
    private let effectChanges: EffectChanges
    private let deadLetters: DeadLetterChanges
    private let deadLetterTable: DeadLetterTable
    private let heads: ConversationHeads
    private let effects: EffectTable
    private let pendingTable: PendingTable
    private let checkpoints: CheckpointTables
    private let checkpointer: Checkpointer
    private let files: FilesInPlace

    /// Opens the file of a shard, which must exist and must have been checked.
    /// - Parameter expected: the required contents of the file's settings.
    /// - Throws: `corrupt` if it is a shard of another journal; a retriable error if the disk prevents it.
    init(_ path: String, in directory: DataDirectory, expected: ShardPlace) throws(JournalError) {
        self.path = path
        self.directory = directory
        database = try Database(path: path, mode: .readWrite)
        try Self.configure(database)
        try Schema.check(database)
        let settings = try ShardSettings.read(from: database)
        try expected.check(settings, path)
        checkpointer = try Checkpointer(database, walPath: DatabaseFile.walPath(path))
        try checkpointer.start()
        files = FilesInPlace(path, lock: directory.lockPath)
        try files.remember()
        if database.hasMoved { throw JournalError(.displaced, "\(path) was replaced while it was opened; start again") }
        partitionCount = settings.partitions
        shard = settings.shard
        records = try RecordTable(database)
        insertRecord = try RecordInsert(database)
        conversations = try ConversationTable(database)
        findIdentity = try database.prepare("SELECT position FROM identities WHERE hash = ?1")
        effectChanges = try EffectChanges(database)
        deadLetters = try DeadLetterChanges(database)
        deadLetterTable = try DeadLetterTable(database)
        heads = try ConversationHeads(database, records)
        effects = try EffectTable(database)
        pendingTable = try PendingTable(database)
        checkpoints = try CheckpointTables(database)
    }

    private static func configure(_ database: Database) throws(JournalError) {
        let mode = try database.text("PRAGMA journal_mode = WAL")
        try database.execute("PRAGMA synchronous = FULL")
        // Not truncated, see WALReserve.
        try database.execute("PRAGMA journal_size_limit = -1")
        // 16 MiB of pages: the upper levels of the identity index and the conversations in use.
        try database.execute("PRAGMA cache_size = -16384")
        let synchronous = try database.number("PRAGMA synchronous")
        guard mode == "wal", synchronous == 2 else {
            throw JournalError(
                .cannotOpen,
                "\(database.path): SQLite runs with journal_mode=\(mode), synchronous=\(synchronous) instead of wal and 2; "
                    + "is it on a network file system?")
        }
    }

    // MARK: Writing

    package func commit(_ batch: JournalBatch) throws(JournalError) {
        // Nothing to write: ends the transaction that a look-up has begun.
        if batch.isEmpty { return try database.commit() }
        try transaction { () throws(JournalError) in
            for record in batch.createdConversations { try self.conversations.insert(record) }
            for record in batch.records { try self.insertRecord.run(record) }
            for record in batch.savedConversations { try self.conversations.update(record) }
            try self.writeEffects(batch)
            for position in batch.redrivenDeadLetters { try self.deadLetters.redrive(position) }
            for position in batch.discardedDeadLetters { try self.deadLetters.discard(position) }
            for letter in batch.deadLetters { try self.deadLetters.insert(letter) }
            if let cursor = batch.outboxCursor { try self.checkpoints.move("outbox", to: cursor) }
            try self.checkpoints.write(identities: batch.identities)
            if let checkpoint = batch.checkpoint { try self.checkpoints.write(checkpoint) }
        }
    }

    package func probe() throws(JournalError) {
        try confirmInPlace()
        try transaction { () throws(JournalError) in
            try self.database.execute("UPDATE cursors SET position = position + 1 WHERE name = 'probe'")
        }
    }

    private func transaction(_ body: () throws(JournalError) -> Void) throws(JournalError) {
        do {
            try database.begin()
            try body()
            try database.commit()
        } catch {
            database.rollback()
            throw error
        }
        // Before anyone is notified: records written into files that no path leads to are lost.
        try looking { () throws(JournalError) in try files.confirmRecords() }
        try checkpointer.afterCommit()
    }

    package func confirmInPlace() throws(JournalError) {
        try looking { () throws(JournalError) in try files.confirm() }
    }

    private func looking(_ look: () throws(JournalError) -> Void) throws(JournalError) {
        do {
            try look()
        } catch {
            // The files in their place now are not ours to checkpoint or to remove.
            database.leaveFilesAlone()
            throw error
        }
    }

    private func writeEffects(_ batch: JournalBatch) throws(JournalError) {
        for effect in batch.openedEffects { try effectChanges.insert(effect) }
        for effect in batch.changedEffects { try effectChanges.update(effect) }
        for key in batch.closedEffects { try effectChanges.delete(key) }
    }

    // MARK: Reading

    package func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        let point = try RecoveryQuery.point(database, partitionCount: partitionCount)
        for (name, cursor) in [("outbox", point.outboxCursor), ("checkpoint", point.checkpoint)]
        where cursor > point.lastPosition {
            throw JournalError(
                .corrupt,
                "\(database.path) ends at position \(point.lastPosition), but its \(name) cursor is at \(cursor): records "
                    + "are missing. Keep a copy, run convey verify, and restore a backup")
        }
        return point
    }

    package func pending(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        try pendingTable.list(after: position, limit: limit)
    }

    package func isPending(_ position: Position) throws(JournalError) -> Bool { try pendingTable.contains(position) }

    package func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        try effects.rows(after: key, of: conversation, limit: limit)
    }

    /// In the transaction that the commit ends: a look-up in its own transaction locks the file, which costs three
    /// times as much.
    package func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings {
        try database.begin()
        return try findEach(lookup)
    }

    package func record(at position: Position) throws(JournalError) -> JournalRecord? {
        try database.begin()
        return try records.record(at: position)
    }

    package func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        try records.records(after: position, limit: limit)
    }

    package func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        try records.subject(of: conversation)
    }

    package func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        try conversations.find(subject: subject)
    }

    package func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        try conversations.find(id: id)
    }

    package func positions(identity: UInt64) throws(JournalError) -> [Position] {
        defer { findIdentity.reset() }
        findIdentity.bind(1, Int64(bitPattern: identity))
        var positions: [Position] = []
        while try findIdentity.step() { positions.append(Position(findIdentity.integer(0))) }
        return positions
    }

    package func isDeadLetter(_ position: Position) throws(JournalError) -> Bool {
        try deadLetterTable.find(position) != nil
    }

    package func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? {
        try deadLetterTable.find(position)
    }

    package func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        try deadLetterTable.list(after: position, conversation: conversation, limit: limit)
    }

    package func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        try records.records(at: positions)
    }

    package func head(subject: String) throws(JournalError) -> ConversationHead? { try heads.find(subject: subject) }
    package func head(id: ConversationID) throws(JournalError) -> ConversationHead? { try heads.find(id: id) }

    package func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        try records.links(from: position, limit: limit)
    }

    package func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        try records.newestLinks(before: position, limit: limit)
    }

    package func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try heads.list(matching: filter, after: subject, limit: limit, scanning: scanning)
    }

    package func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        try effects.list(after: key, limit: limit)
    }

    package func makeReader() throws(JournalError) -> any JournalReader & Sendable {
        try SQLiteJournalReader(path: path)
    }

    package var bytes: Int { files.bytes }
}
