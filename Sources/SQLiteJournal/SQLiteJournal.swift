import JournalPort
import SQLite

/// The journal in one SQLite file (`journal.db` in the data directory), in WAL mode with `synchronous=FULL`: a commit that
/// returned survives power loss (sqlite.org/pragma.html#pragma_synchronous).
///
/// One connection on one thread does all writes and checkpoints: Debian's SQLite 3.40 can corrupt a WAL that two
/// connections write. Other threads get read-only connections from `makeReader`.
public final class SQLiteJournal: Journal {
    public let partitionCount: Int
    private let directory: DataDirectory
    private let database: Database
    private let records: RecordTable
    private let insertRecord: RecordInsert
    private let conversations: ConversationTable
    private let insertIdentity: Statement
    private let findIdentity: Statement
    private let insertEffect: Statement
    private let updateEffect: Statement
    private let deleteEffect: Statement
    private let deadLetters: DeadLetterChanges
    private let deadLetterTable: DeadLetterTable
    private let heads: ConversationHeads
    private let effects: EffectTable
    private let insertPending: Statement
    private let deletePending: Statement
    private let setCursor: Statement
    private let checkpointer: Checkpointer
    private let files: FilesInPlace

    /// Opens the journal of a data directory, or creates both.
    /// - Parameter partitionCount: used when the journal is created; an existing one keeps its own.
    /// - Throws: `inUse` when another process has it open; `cannotOpen`, `newerVersion`, `corrupt` for anything that is not a
    ///   whole journal, which is left as it is; what is retriable when the disk does not let it.
    public init(directory path: String, partitionCount: Int) throws(JournalError) {
        let file = DataDirectory.journalPath(in: path)
        var exists = false
        directory = try DataDirectory(path) { () throws(JournalError) in
            exists = try JournalFile.check(file)
        }
        if !exists { try Schema.create(file, partitionCount: partitionCount) }
        database = try Database(path: file, mode: .readWrite)
        try Self.configure(database)
        try Schema.migrate(database, partitionCount: partitionCount)
        checkpointer = try Checkpointer(database, walPath: DatabaseFile.walPath(file))
        try checkpointer.start()
        files = FilesInPlace(file, lock: directory.lockPath)
        try files.remember()
        if database.hasMoved { throw JournalError(.displaced, "\(file) was replaced while it was opened; start again") }
        self.partitionCount = Int(try database.number("SELECT value FROM settings WHERE name = 'partitions'"))
        records = try RecordTable(database)
        insertRecord = try RecordInsert(database)
        conversations = try ConversationTable(database)
        insertIdentity = try database.prepare("INSERT OR IGNORE INTO identities VALUES (?1, ?2)")
        findIdentity = try database.prepare("SELECT position FROM identities WHERE hash = ?1")
        insertEffect = try database.prepare(
            "INSERT INTO effects VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")
        updateEffect = try database.prepare(
            "UPDATE effects SET attempt = ?3, due_at = ?4, awaits_approval = ?5 WHERE cause = ?1 AND ordinal = ?2")
        deleteEffect = try database.prepare("DELETE FROM effects WHERE cause = ?1 AND ordinal = ?2")
        deadLetters = try DeadLetterChanges(database)
        deadLetterTable = try DeadLetterTable(database)
        heads = try ConversationHeads(database, records)
        effects = try EffectTable(database)
        insertPending = try database.prepare("INSERT INTO pending VALUES (?1)")
        deletePending = try database.prepare("DELETE FROM pending WHERE position = ?1")
        setCursor = try database.prepare("UPDATE cursors SET position = ?2 WHERE name = ?1")
    }

    private static func configure(_ database: Database) throws(JournalError) {
        let mode = try database.text("PRAGMA journal_mode = WAL")
        try database.execute("PRAGMA synchronous = FULL")
        // Not cut back, see WALReserve.
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

    public func commit(_ batch: JournalBatch, epoch: Epoch) throws(JournalError) {
        guard epoch == .single else {
            throw JournalError(.staleEpoch, "epoch \(epoch.rawValue), but a SQLite journal has one owner, epoch 1")
        }
        // Nothing to write: ends what a look-up has begun.
        if batch.isEmpty { return try database.commit() }
        try transaction { () throws(JournalError) in
            for record in batch.createdConversations { try self.conversations.insert(record) }
            for record in batch.records { try self.insertRecord.run(record) }
            for record in batch.savedConversations { try self.conversations.update(record) }
            try self.writeEffects(batch)
            for position in batch.redrivenDeadLetters { try self.deadLetters.redrive(position) }
            for position in batch.discardedDeadLetters { try self.deadLetters.discard(position) }
            for letter in batch.deadLetters { try self.deadLetters.insert(letter) }
            if let cursor = batch.outboxCursor { try self.move("outbox", to: cursor) }
            if let checkpoint = batch.checkpoint { try self.write(checkpoint) }
        }
    }

    public func probe() throws(JournalError) {
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
        // Before anybody is told: what was written into files that nobody will find is not recorded.
        try confirmInPlace()
        try checkpointer.afterCommit()
    }

    public func confirmInPlace() throws(JournalError) {
        do {
            try files.confirm()
        } catch {
            // What stands in their place now is not ours to fold or to remove.
            database.leaveFilesAlone()
            throw error
        }
    }

    private func writeEffects(_ batch: JournalBatch) throws(JournalError) {
        for effect in batch.openedEffects {
            insertEffect.bind(1, effect.key.cause.rawValue)
            insertEffect.bind(2, effect.key.ordinal)
            insertEffect.bind(3, effect.conversation.rawValue)
            insertEffect.bind(4, effect.effectClass.rawValue)
            insertEffect.bind(5, effect.kind)
            insertEffect.bind(6, effect.effectID)
            insertEffect.bind(7, effect.causeID)
            insertEffect.bind(8, effect.attempt)
            insertEffect.bind(9, effect.round)
            insertEffect.bind(10, effect.answers)
            if let policy = effect.policy { insertEffect.bind(11, utf8: policy) } else { insertEffect.bindNull(11) }
            if let due = effect.dueAt { insertEffect.bind(12, due) } else { insertEffect.bindNull(12) }
            insertEffect.bind(13, effect.awaitsApproval ? 1 : 0)
            try insertEffect.run()
        }
        for effect in batch.changedEffects {
            updateEffect.bind(1, effect.key.cause.rawValue)
            updateEffect.bind(2, effect.key.ordinal)
            updateEffect.bind(3, effect.attempt)
            if let due = effect.dueAt { updateEffect.bind(4, due) } else { updateEffect.bindNull(4) }
            updateEffect.bind(5, effect.awaitsApproval ? 1 : 0)
            try updateEffect.run()
        }
        for key in batch.closedEffects {
            deleteEffect.bind(1, key.cause.rawValue)
            deleteEffect.bind(2, key.ordinal)
            try deleteEffect.run()
        }
    }

    private func write(_ checkpoint: Checkpoint) throws(JournalError) {
        for entry in checkpoint.identities {
            insertIdentity.bind(1, Int64(bitPattern: entry.hash))
            insertIdentity.bind(2, entry.position.rawValue)
            try insertIdentity.run()
        }
        for position in checkpoint.pendingRemoved {
            deletePending.bind(1, position.rawValue)
            try deletePending.run()
        }
        for position in checkpoint.pendingAdded {
            insertPending.bind(1, position.rawValue)
            try insertPending.run()
        }
        for (partition, order) in checkpoint.applyOrders.enumerated() where order > 0 {
            try database.execute("INSERT OR REPLACE INTO partitions VALUES (\(partition), \(order))")
        }
        try move("checkpoint", to: checkpoint.through)
    }

    private func move(_ cursor: String, to position: Position) throws(JournalError) {
        setCursor.bind(1, cursor)
        setCursor.bind(2, position.rawValue)
        try setCursor.run()
    }

    // MARK: Reading

    public func recoveryPoint() throws(JournalError) -> RecoveryPoint {
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

    public func record(at position: Position) throws(JournalError) -> JournalRecord? {
        try database.begin()
        return try records.record(at: position)
    }

    public func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        try records.records(after: position, limit: limit)
    }

    public func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        try records.subject(of: conversation)
    }

    public func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        try conversations.find(subject: subject)
    }

    public func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        try conversations.find(id: id)
    }

    public func positions(identity: UInt64) throws(JournalError) -> [Position] {
        // A look-up in a transaction of its own locks the file, which costs three times as much. A commit follows.
        try database.begin()
        defer { findIdentity.reset() }
        findIdentity.bind(1, Int64(bitPattern: identity))
        var positions: [Position] = []
        while try findIdentity.step() { positions.append(Position(findIdentity.integer(0))) }
        return positions
    }

    public func isDeadLetter(_ position: Position) throws(JournalError) -> Bool {
        try deadLetterTable.find(position) != nil
    }

    public func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? {
        try deadLetterTable.find(position)
    }

    public func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        try deadLetterTable.list(after: position, conversation: conversation, limit: limit)
    }

    public func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        try records.records(at: positions)
    }

    public func head(subject: String) throws(JournalError) -> ConversationHead? { try heads.find(subject: subject) }
    public func head(id: ConversationID) throws(JournalError) -> ConversationHead? { try heads.find(id: id) }

    public func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        try records.links(from: position, limit: limit)
    }

    public func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        try records.newestLinks(before: position, limit: limit)
    }

    public func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try heads.list(matching: filter, after: subject, limit: limit, scanning: scanning)
    }

    public func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        try effects.list(after: key, limit: limit)
    }

    public func makeReader() throws(JournalError) -> any JournalReader & Sendable {
        try SQLiteJournalReader(path: directory.journalPath, partitionCount: partitionCount)
    }

    /// Opens the journal of a data directory for reading only, beside a Convey that runs on it or not.
    /// - Parameter isInUse: this process has the journal open, so it has been looked at and must not be again.
    /// - Throws: `cannotOpen` where there is none; `cannotOpen`, `newerVersion`, `corrupt` for anything that is not a whole journal,
    ///   which is left as it is.
    public static func openReader(
        directory: String, isInUse: Bool = false
    ) throws(JournalError) -> any JournalReader & Sendable {
        try openSQLiteReader(directory: directory, isInUse: isInUse)
    }

    /// Looks at a data directory without writing there.
    /// - Throws: what `init` would throw because of what is in it.
    public static func check(directory: String) throws(JournalError) {
        _ = try JournalFile.check(DataDirectory.journalPath(in: directory))
    }

    static func openSQLiteReader(directory: String, isInUse: Bool) throws(JournalError) -> SQLiteJournalReader {
        let path = DataDirectory.journalPath(in: directory)
        let exists = isInUse ? true : try JournalFile.check(path)
        guard exists else {
            throw JournalError(.cannotOpen, "there is no journal in \(directory): there is no \(path)")
        }
        return try SQLiteJournalReader(path: path, partitionCount: nil)
    }

    public var bytes: Int { files.bytes }
}
