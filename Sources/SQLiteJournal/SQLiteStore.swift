import JournalPort
import Glibc
import Synchronization

/// The journal of a data directory: one file per shard.
package final class SQLiteStore: JournalStore {
    private struct State {
        /// Locked since `prepare`.
        var directory: DataDirectory?
        /// The existing journal, once it has been found.
        var journal: (id: Int64, layout: JournalLayout)?
        /// Files already checked. They are not checked again, because this process may have them open, and closing a
        /// file would release SQLite's locks.
        var checked: Set<Int> = []
        var hasToldLayout = false
    }

    private let path: String
    private let newLayout: JournalLayout?
    private let onOtherLayout: @Sendable (JournalLayout) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - newLayout: the layout of a new journal; nil to open only an existing one.
    ///   - onOtherLayout: called once, by `prepare`, with the layout of an existing journal if it differs.
    package init(
        directory: String, newLayout: JournalLayout? = nil,
        onOtherLayout: @escaping @Sendable (JournalLayout) -> Void = { _ in }
    ) {
        path = directory
        self.newLayout = newLayout
        self.onOtherLayout = onOtherLayout
    }

    package func check() throws(JournalError) { _ = try find() }

    package func layout() throws(JournalError) -> JournalLayout {
        guard let found = try find() else { throw missing() }
        return found.layout
    }

    package func prepare() throws(JournalError) -> JournalLayout {
        if state.withLock({ $0.directory }) == nil {
            if newLayout == nil { _ = try layout() }
            let directory = try DataDirectory(path) { () throws(JournalError) in _ = try self.find() }
            state.withLock { $0.directory = directory }
        }
        if let found = try find() {
            try JournalCreation(directory: path, layout: found.layout).complete(found.id)
            if let newLayout, newLayout != found.layout, isFirstTelling() { onOtherLayout(found.layout) }
            return found.layout
        }
        guard let newLayout else { throw missing() }
        try JournalCreation(directory: path, layout: newLayout).run()
        return newLayout
    }

    private func isFirstTelling() -> Bool {
        state.withLock { state in
            defer { state.hasToldLayout = true }
            return !state.hasToldLayout
        }
    }

    package func openWriter(shard: Int) throws(JournalError) -> any Journal {
        if state.withLock({ $0.directory }) == nil { _ = try prepare() }
        guard let directory = state.withLock({ $0.directory }) else { throw missing() }
        return try opening(shard) { (file, place) throws(JournalError) in
            try SQLiteJournal(file, in: directory, expected: place)
        }
    }

    package func openReader(shard: Int) throws(JournalError) -> any JournalReader & Sendable {
        try openShard(shard)
    }

    package func openVerifier(shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable {
        try openShard(shard)
    }

    /// Opens a shard for reading only.
    func openShard(_ shard: Int) throws(JournalError) -> SQLiteJournalReader {
        try opening(shard) { (file, place) throws(JournalError) in try SQLiteJournalReader(path: file, expected: place)
        }
    }

    private func opening<Opened>(
        _ shard: Int, _ open: (String, ShardPlace) throws(JournalError) -> Opened
    ) throws(JournalError) -> Opened {
        guard let found = try find() else { throw missing() }
        precondition((0..<found.layout.shards).contains(shard), "shard \(shard) of \(found.layout.shards)")
        let isNew = try look(at: shard, of: found.layout)
        do {
            return try open(
                file(shard), ShardPlace(journal: found.id, layout: found.layout, index: shard))
        } catch {
            // No process has it open, so it may be checked again.
            if isNew { state.withLock { _ = $0.checked.remove(shard) } }
            throw error
        }
    }

    /// - Returns: whether it was checked now, and not earlier.
    private func look(at shard: Int, of layout: JournalLayout) throws(JournalError) -> Bool {
        guard !state.withLock({ $0.checked.contains(shard) }) else { return false }
        guard try JournalFile.check(file(shard)) else {
            throw JournalError(
                .corrupt,
                "\(file(shard)) is missing: the journal has \(layout.shards) shards. Put it back, or restore a backup of all of them into an "
                    + "empty directory")
        }
        state.withLock { _ = $0.checked.insert(shard) }
        return true
    }

    /// The existing journal, according to the first readable file. A damaged shard does not hide the others.
    /// - Returns: nil if there is no file of a journal.
    private func find() throws(JournalError) -> (id: Int64, layout: JournalLayout)? {
        if let known = state.withLock({ $0.journal }) { return known }
        var problem: JournalError?
        for shard in 0..<DataDirectory.shardLimit {
            do throws(JournalError) {
                guard try JournalFile.check(file(shard)) else { continue }
                let settings = try JournalFile.settings(file(shard))
                let found = (
                    id: settings.journal,
                    layout: JournalLayout(partitions: settings.partitions, shards: settings.shard.count)
                )
                state.withLock { state in
                    state.journal = found
                }
                return found
            } catch {
                problem = problem ?? error
            }
        }
        if let problem { throw problem }
        return nil
    }

    private func file(_ shard: Int) -> String { DataDirectory.journalPath(in: path, shard: shard) }

    private func missing() -> JournalError {
        JournalError(.cannotOpen, "there is no journal in \(path): there is no \(file(0))")
    }
}
