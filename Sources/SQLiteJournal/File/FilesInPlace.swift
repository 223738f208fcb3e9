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

    /// Four system calls, some microseconds.
    /// - Throws: `displaced` when a file is not where it was, `corrupt` when it was cut off.
    func confirm() throws(JournalError) {
        try confirm(journal, 0)
        try confirm(wal, 1)
        try confirm(index, 2)
        try confirm(lock, 3)
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
