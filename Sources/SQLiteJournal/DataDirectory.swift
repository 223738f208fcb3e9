import ConveyRuntime
import Glibc

/// The directory that holds a journal, locked for as long as this object lives: two processes on one journal would each
/// believe that they own its partitions.
final class DataDirectory {
    let path: String
    private let lock: Int32

    var journalPath: String { Self.journalPath(in: path) }

    static func journalPath(in directory: String) -> String { directory + "/journal.db" }

    init(_ path: String) throws(JournalError) {
        self.path = path
        try Self.create(path)
        lock = open(path + "/convey.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lock >= 0 else {
            throw JournalError(.cannotOpen, "\(path)/convey.lock: \(String(cString: strerror(errno)))")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let owner = Self.readOwner(lock)
            close(lock)
            throw JournalError(
                .inUse,
                "\(path) is in use by another Convey\(owner.map { " (process \($0))" } ?? ""); "
                    + "stop it, or give this one a directory of its own with --data")
        }
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
                throw JournalError(.cannotOpen, "cannot create \(prefix): \(String(cString: strerror(errno)))")
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
