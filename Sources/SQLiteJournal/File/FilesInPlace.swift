import Glibc
import JournalPort
import SQLite

/// The journal's files as they were opened, to notice when somebody removes, moves or replaces them under the running
/// service: SQLite goes on writing into files that no path leads to any more, and all of it is gone with the process.
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
    /// As they were when they were opened, or last seen.
    private var known: [Look?] = []
    /// When all files were last in place, in milliseconds; nil after a look that found something else.
    private var confirmedAt: Int64?

    private var paths: [String] { [journal, wal, index, lock] }

    /// - Parameter path: of the journal as it was opened, symbolic links and all: what they lead to counts too.
    init(_ path: String, lock: String) {
        let resolved = DatabaseFile.resolved(path)
        journal = path
        wal = resolved + "-wal"
        index = resolved + "-shm"
        self.lock = lock
    }

    /// Of the journal and its WAL, as of the last look.
    var bytes: Int { known.prefix(2).reduce(0) { $0 + ($1?.size ?? 0) } }

    /// Remembers the files. To be called when all of them are in use.
    func remember() throws(JournalError) {
        known = paths.map(look)
        try confirm()
    }

    /// How often the files are looked at that hold no records.
    private static let restMilliseconds: Int64 = 100

    /// Looks at the files that hold what a commit has written, and now and then at the others: at the index, without which other
    /// programs do not see the newest records, and the lock, without which a second Convey may start. To be called before a commit is
    /// told of. Two system calls instead of four: each takes a microsecond or three.
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

    /// Looks at all files.
    /// - Throws: `displaced` when a file is not where it was, `corrupt` when it was cut off.
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
                ? "so a second Convey may be at work on the same journal. Nothing more is acknowledged. Make sure that none is, and "
                    + "start this one again"
                : "so what is recorded now would be lost. Nothing more is acknowledged. Move it back, and Convey goes on by itself; "
                    + "if it is gone, stop Convey, restore a backup and start again"
            let what = access(path, F_OK) == 0 ? "replaced" : "removed or moved"
            throw JournalError(.displaced, "\(path) was \(what) under the running service, \(advice)")
        }
        // Others may fold and cut back the WAL, but a journal only grows.
        if path == journal, now.size < before.size {
            throw JournalError(
                .corrupt,
                "\(path) was cut off under the running service, from \(before.size) to \(now.size) bytes: something has written "
                    + "over it. Restore a backup")
        }
        known[number] = now
    }

    private func look(_ path: String) -> Look? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Look(device: status.st_dev, inode: status.st_ino, size: Int(status.st_size))
    }
}
