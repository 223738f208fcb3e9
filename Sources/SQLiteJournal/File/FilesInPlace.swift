import Glibc
import JournalPort
import SQLite

/// Tracks the journal's files, to notice if they are removed, moved or replaced under the running service. SQLite would
/// continue writing to files that no path leads to, and everything would be lost with the process.
final class FilesInPlace {
    private struct Look {
        var device: dev_t
        var inode: ino_t
        var size: Int
    }

    private let journal: String
    private let wal: String
    private let index: String
    private let lock: String
    /// The files as they were when opened or last checked.
    private var known: [Look?] = []
    /// When all files were last in place, in milliseconds; nil after a check that found a difference.
    private var confirmedAt: Int64?

    private var paths: [String] { [journal, wal, index, lock] }

    /// - Parameter path: of the journal as it was opened, including symbolic links: their targets count, too.
    init(_ path: String, lock: String) {
        let resolved = DatabaseFile.resolved(path)
        journal = path
        wal = resolved + "-wal"
        index = resolved + "-shm"
        self.lock = lock
    }

    /// Of the journal and its WAL, as of the last check.
    var bytes: Int { known.prefix(2).reduce(0) { $0 + ($1?.size ?? 0) } }

    /// Remembers the files. Call it when all of them are in use.
    func remember() throws(JournalError) {
        known = paths.map(look)
        try confirm()
    }

    /// Interval between checks of the files without records.
    private static let restMilliseconds: Int64 = 100

    /// Checks the files that contain a commit's data, and from time to time the others: the index, without which other
    /// programs do not see the newest records, and the lock, without which a second Convey may start. Call it before a
    /// commit is reported. This takes two system calls instead of four, which cost one to three microseconds each.
    /// - Throws: as `confirm`.
    func confirmRecords() throws(JournalError) {
        guard let confirmedAt, Self.now() - confirmedAt < Self.restMilliseconds else { return try confirm() }
        do {
            try confirm(journal, 0)
            try confirm(wal, 1)
        } catch {
            self.confirmedAt = nil
            throw error
        }
    }

    /// Checks all files.
    /// - Throws: `displaced` if a file is not where it was, `corrupt` if it was truncated.
    func confirm() throws(JournalError) {
        confirmedAt = nil
        try confirm(journal, 0)
        try confirm(wal, 1)
        try confirm(index, 2)
        try confirm(lock, 3)
        confirmedAt = Self.now()
    }

    /// Milliseconds of a clock that does not run backwards.
    private static func now() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }

    private func confirm(_ path: String, _ number: Int) throws(JournalError) {
        let before = known[number]
        guard let now = look(path), let before, now.device == before.device, now.inode == before.inode else {
            let advice =
                path == lock
                ? "so a second Convey may work on the same journal. Nothing more is acknowledged. Make sure that none "
                    + "does, and start this one again"
                : "so what is recorded now would be lost. Nothing more is acknowledged. Move it back, and "
                    + "Convey continues by itself; if it is gone, stop Convey, restore a backup and start again"
            let what = access(path, F_OK) == 0 ? "replaced" : "removed or moved"
            throw JournalError(.displaced, "\(path) was \(what) under the running service, \(advice)")
        }
        // Other programs may checkpoint and truncate the WAL, but a journal only grows.
        if path == journal, now.size < before.size {
            throw JournalError(
                .corrupt,
                "\(path) was truncated under the running service, from \(before.size) to \(now.size) bytes: a "
                    + "program has overwritten it. Restore a backup")
        }
        known[number] = now
    }

    private func look(_ path: String) -> Look? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Look(device: status.st_dev, inode: status.st_ino, size: Int(status.st_size))
    }
}
