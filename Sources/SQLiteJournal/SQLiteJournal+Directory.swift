import JournalPort

/// The only shard of a data directory's journal, until all callers use the store.
extension SQLiteJournal {
    package convenience init(directory path: String, partitionCount: Int) throws(JournalError) {
        let store = SQLiteStore(directory: path, newLayout: JournalLayout(partitions: partitionCount, shards: 1))
        _ = try store.prepare()
        let (directory, place) = try store.claim(0)
        try self.init(DataDirectory.journalPath(in: path, shard: 0), in: directory, expected: place)
    }

    /// - Parameter isInUse: this process has the journal open, so it has been looked at and must not be again.
    package static func openReader(
        directory: String, isInUse: Bool = false
    ) throws(JournalError) -> any JournalReader & Sendable {
        try openVerificationReader(directory: directory, isInUse: isInUse)
    }

    package static func openVerificationReader(
        directory: String, isInUse: Bool = false
    ) throws(JournalError) -> any VerifiableJournal & Sendable {
        if isInUse { return try SQLiteJournalReader(path: DataDirectory.journalPath(in: directory, shard: 0)) }
        return try SQLiteStore(directory: directory).openVerifier(shard: 0)
    }

    package static func check(directory: String) throws(JournalError) { try SQLiteStore(directory: directory).check() }
}
