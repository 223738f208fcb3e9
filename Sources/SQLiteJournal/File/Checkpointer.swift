import JournalPort
import SQLite

/// Copies the WAL into the journal's file, and keeps the file's `WholenessMark` correct. Belongs to the writing
/// connection.
final class Checkpointer {
    /// Frames of the WAL at which a checkpoint is due. More is faster, but everything waits while it copies the pages:
    /// ADR 1.
    static let dueFrames: Int32 = 4_000
    /// Further frames before the next try if a reader has delayed a checkpoint.
    private static let retryFrames: Int32 = 1_000

    private let database: Database
    private let walPath: String
    private let setMark: Statement
    private var nextFrames = Checkpointer.dueFrames
    /// The mark "not whole" is still in the WAL.
    private var isMarked = false

    init(_ database: Database, walPath: String) throws(JournalError) {
        self.database = database
        self.walPath = walPath
        setMark = try database.prepare(
            """
            UPDATE settings SET value = CASE name WHEN 'wal' THEN ?1 WHEN 'wal_schema' THEN ?2 ELSE ?3 END
            WHERE name IN ('wal', 'wal_schema', 'wal_bytes')
            """)
    }

    /// Marks the file before the first records are written.
    func start() throws(JournalError) {
        // First checkpoint the rest of an earlier process: after a restart the WAL then contains none of it beyond its
        // end.
        try database.checkpoint()
        try database.execute("UPDATE cursors SET position = position + 1 WHERE name = 'probe'")
        WALReserve.take(walPath)
        try checkpoint()
        try unmark()
    }

    /// Call this after each commit.
    /// - Throws: only `syncFailed`. Other failures are retried after a later commit, as SQLite itself does.
    func afterCommit() throws(JournalError) {
        do {
            if isMarked { try unmark() }
            guard database.walFrames >= nextFrames else { return }
            try checkpoint()
            try unmark()
        } catch  where error.code == .syncFailed {
            throw error
        } catch {
            nextFrames = database.walFrames + Self.retryFrames
        }
    }

    private func checkpoint() throws(JournalError) {
        try mark(needsWAL: true)
        isMarked = true
        let isComplete = try database.checkpoint()
        nextFrames = isComplete ? Self.dueFrames : database.walFrames + Self.retryFrames
    }

    private func unmark() throws(JournalError) {
        try mark(needsWAL: false)
        isMarked = false
    }

    private func mark(needsWAL: Bool) throws(JournalError) {
        let wal: (generation: UInt32, bytes: Int)?
        do { wal = try WALScan.inUse(walPath) } catch { throw JournalError(error) }
        guard let wal else { return }
        setMark.bind(1, WholenessMark.value(generation: wal.generation, needsWAL: needsWAL))
        setMark.bind(2, try database.number("PRAGMA schema_version"))
        setMark.bind(3, wal.bytes)
        try setMark.run()
    }
}
