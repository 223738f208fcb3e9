import Glibc
import JournalPort

/// The directory that holds the shards of a journal, locked for as long as this object lives: two processes on one journal would
/// each believe that they own its partitions.
final class DataDirectory: Sendable {
    let path: String
    private let lock: Int32

    var lockPath: String { Self.lockPath(in: path) }

    /// More than there are cores to serve them; bounds what a start looks for.
    static let shardLimit = 64

    /// The file of a shard: `journal.db`, `journal-1.db`, …
    static func journalPath(in directory: String, shard: Int) -> String {
        directory + (shard == 0 ? "/journal.db" : "/journal-\(shard).db")
    }

    private static func lockPath(in directory: String) -> String { directory + "/convey.lock" }

    /// Locks a directory, and makes it where there is none.
    /// - Parameter check: looks at what is there before anything is written. Called while no other Convey works on it.
    init(_ path: String, check: () throws(JournalError) -> Void) throws(JournalError) {
        self.path = path
        try Self.create(path)
        let lockPath = Self.lockPath(in: path)
        var file = open(lockPath, O_RDWR | O_CLOEXEC)
        if file < 0, errno == ENOENT {
            // Without a lock no Convey has been here.
            try check()
            file = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        }
        guard file >= 0 else { throw JournalError(systemError: errno, "cannot open \(lockPath)") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let owner = Self.readOwner(file)
            close(file)
            throw JournalError(
                .inUse,
                "\(path) is in use by another Convey\(owner.map { " (process \($0))" } ?? ""); "
                    + "stop it, or give this one a directory of its own with --data")
        }
        do {
            try check()
        } catch {
            close(file)
            throw error
        }
        lock = file
        Self.writeOwner(lock)
    }

    deinit {
        close(lock)
    }

    private static func create(_ path: String) throws(JournalError) {
        var prefix = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += (prefix.isEmpty || prefix.hasSuffix("/") ? "" : "/") + part
            guard mkdir(prefix, 0o750) == 0 || errno == EEXIST else {
                throw JournalError(systemError: errno, "cannot create \(prefix)")
            }
        }
    }

    private static func readOwner(_ file: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = pread(file, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer[..<count], as: UTF8.self).filter(\.isNumber))
    }

    /// For the message that a second process shows. The lock itself is the kernel's, so losing this is right to ignore.
    private static func writeOwner(_ file: Int32) {
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(file, 0)
        _ = pwrite(file, text, text.count, 0)
    }
}
