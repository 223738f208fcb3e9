import JournalPort

@testable import SQLiteJournal

/// Journals of a single shard, as most of these tests need.
extension SQLiteJournal {
    /// Opens the journal of a data directory for writing, and creates it if it is missing.
    static func open(directory path: String, partitionCount: Int) throws(JournalError) -> SQLiteJournal {
        let store = SQLiteStore(directory: path, newLayout: JournalLayout(partitions: partitionCount, shards: 1))
        _ = try store.prepare()
        guard let journal = try store.openWriter(shard: 0) as? SQLiteJournal else {
            throw JournalError(.cannotOpen, "the store has opened something else")
        }
        return journal
    }

    /// - Parameter isInUse: this process has the journal open, so the file was checked and must not be checked again.
    static func openReader(directory: String, isInUse: Bool = false) throws(JournalError) -> SQLiteJournalReader {
        if isInUse { return try SQLiteJournalReader(path: DataDirectory.journalPath(in: directory, shard: 0)) }
        return try SQLiteStore(directory: directory).openShard(0)
    }

    static func check(directory: String) throws(JournalError) { try SQLiteStore(directory: directory).check() }
}
