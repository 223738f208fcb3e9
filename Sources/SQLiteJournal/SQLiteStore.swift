import JournalPort
import Synchronization

/// The journals of a data directory.
package final class SQLiteStore: JournalStore {
    private let directory: String
    private let newLayout: JournalLayout?
    /// Whether this process has the journal open, so that its files must not be looked at again.
    private let isOpen = Atomic(false)

    /// - Parameter newLayout: for journals that are created; nil to work on existing ones only.
    package init(directory: String, newLayout: JournalLayout? = nil) {
        self.directory = directory
        self.newLayout = newLayout
    }

    package func check() throws(JournalError) { try SQLiteJournal.check(directory: directory) }

    package func layout() throws(JournalError) -> JournalLayout {
        JournalLayout(partitions: try openReader(shard: 0).partitionCount, shards: 1)
    }

    package func prepare() throws(JournalError) -> JournalLayout {
        guard let newLayout else { return try layout() }
        return JournalLayout(partitions: newLayout.partitions, shards: 1)
    }

    package func openWriter(shard: Int) throws(JournalError) -> any Journal {
        // Only to keep a wrong directory from becoming a new journal.
        if newLayout == nil { _ = try layout() }
        isOpen.store(true, ordering: .releasing)
        return try SQLiteJournal(directory: directory, partitionCount: newLayout?.partitions ?? 1)
    }

    package func openReader(shard: Int) throws(JournalError) -> any JournalReader & Sendable {
        try SQLiteJournal.openReader(directory: directory, isInUse: isOpen.load(ordering: .acquiring))
    }

    package func openVerifier(shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable {
        try SQLiteJournal.openVerificationReader(directory: directory, isInUse: isOpen.load(ordering: .acquiring))
    }
}
