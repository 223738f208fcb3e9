import Glibc
import JournalPort

/// The directory with the shards of a journal, locked as long as this object lives: two processes on one journal would
/// each assume that they own its partitions.
final class DataDirectory: Sendable {
    let path: String
    private let lock: Int32

    var lockPath: String { Self.lockPath(in: path) }

    /// More shards than cores can serve; bounds the search at a start.
    static let shardLimit = 64

    /// The file of a shard: `journal.db`, `journal-1.db`, …
    static func journalPath(in directory: String, shard: Int) -> String {
        directory + (shard == 0 ? "/journal.db" : "/journal-\(shard).db")
    }

    private static func lockPath(in directory: String) -> String { directory + "/convey.lock" }

    /// Locks a directory, and creates it if it does not exist.
    /// - Parameter check: checks the contents before anything is written. Called while no other Convey uses the
    ///   directory.
    init(_ path: String, check: () throws(JournalError) -> Void) throws(JournalError) {
        self.path = path
        try Self.create(path)
        let lockPath = Self.lockPath(in: path)
        var file = open(lockPath, O_RDWR | O_CLOEXEC)
        if file < 0, errno == ENOENT {
            // Without a lock file no Convey has used it.
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
                    + "stop it, or give this one another directory with --data")
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

    /// For the error message of a second process. The kernel holds the lock itself, so a failure here may be ignored.
    private static func writeOwner(_ file: Int32) {
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(file, 0)
        _ = pwrite(file, text, text.count, 0)
    }
}
