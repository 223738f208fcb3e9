import JournalPort
import Glibc
import SQLite

/// Creates the files of a journal: all of them, even if it is interrupted.
///
/// Every file is first written and synced under a draft's name, and only then renamed. So if one file has its final
/// name, all others have theirs or are complete drafts, and the next start renames the rest.
struct JournalCreation {
    let directory: String
    let layout: JournalLayout

    private static let suffixes = ["", "-journal", "-wal", "-shm"]

    /// Creates a new journal in a directory without one.
    func run() throws(JournalError) {
        for shard in 0..<DataDirectory.shardLimit { removeDraft(shard) }
        do {
            var random = SystemRandomNumberGenerator()
            let journal = Int64.random(in: 1...Int64.max, using: &random)
            for index in 0..<layout.shards {
                let shard = Shard(index: index, count: layout.shards, tag: .random(using: &random))
                try fill(index, ShardSettings(journal: journal, partitions: layout.partitions, shard: shard))
            }
        } catch {
            for index in 0..<layout.shards { removeDraft(index) }
            throw error
        }
        try syncDirectory()
        for index in 0..<layout.shards { try place(index) }
        try syncDirectory()
    }

    /// Renames the drafts of a journal of which some files are in place.
    /// - Parameter journal: as `ShardSettings.journal`. Drafts of another journal stay untouched.
    func complete(_ journal: Int64) throws(JournalError) {
        var isChanged = false
        for index in 0..<layout.shards where !exists(path(index)) && exists(draft(index)) {
            guard try JournalFile.check(draft(index)) else { continue }
            let settings = try JournalFile.settings(draft(index))
            guard settings.journal == journal, settings.shard.index == index else { continue }
            try place(index)
            isChanged = true
        }
        if isChanged { try syncDirectory() }
    }

    private func path(_ shard: Int) -> String { DataDirectory.journalPath(in: directory, shard: shard) }
    private func draft(_ shard: Int) -> String { path(shard) + ".new" }
    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private func removeDraft(_ shard: Int) {
        for suffix in Self.suffixes { unlink(draft(shard) + suffix) }
    }

    private func fill(_ shard: Int, _ settings: ShardSettings) throws(JournalError) {
        let database = try Database(path: draft(shard), mode: .create)
        try Schema.create(in: database, settings)
    }

    private func place(_ shard: Int) throws(JournalError) {
        guard rename(draft(shard), path(shard)) == 0 else {
            throw JournalError(systemError: errno, "cannot create \(path(shard))")
        }
    }

    private func syncDirectory() throws(JournalError) {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw JournalError(systemError: errno, "cannot open \(directory)") }
        defer { close(file) }
        guard fsync(file) == 0 else {
            throw JournalError(.syncFailed, "\(directory): \(String(cString: strerror(errno)))")
        }
    }
}
