import ConveyRuntime
import Glibc

/// The journal's files as they were opened, to notice when somebody removes, moves or replaces them under the running
/// service: SQLite goes on writing into files that no path leads to any more, and all of it is gone with the process.
final class FilesInPlace {
    private struct Identity: Equatable {
        var device: dev_t
        var inode: ino_t
    }

    private let paths: [String]
    private var identities: [Identity?]
    /// Of the journal and its WAL, as of the last look.
    private(set) var bytes = 0

    /// - Parameter path: of the journal as it was opened, symbolic links and all: what they lead to counts too.
    init(_ path: String) {
        let resolved = JournalFile.resolved(path)
        paths = [path, resolved + "-wal", resolved + "-shm"]
        identities = paths.map { _ in nil }
    }

    /// Remembers the files. To be called when all of them are in use.
    func remember() throws(JournalError) {
        for index in paths.indices { identities[index] = look(index)?.identity }
        try confirm()
    }

    /// Three system calls, some microseconds.
    /// - Throws: `displaced` when a file is not where it was.
    func confirm() throws(JournalError) {
        var total = 0
        for index in paths.indices {
            let found = look(index)
            guard let found, found.identity == identities[index] else {
                throw JournalError(
                    .displaced,
                    "\(paths[index]) was \(found == nil ? "removed or moved" : "replaced") under the running service. "
                        + "Nothing more is acknowledged: what is recorded now would be lost. Move it back, and Convey goes on "
                        + "by itself; if it is gone, stop Convey, restore a backup and start again")
            }
            if index < 2 { total += found.size }
        }
        bytes = total
    }

    private func look(_ index: Int) -> (identity: Identity, size: Int)? {
        var status = stat()
        guard stat(paths[index], &status) == 0 else { return nil }
        return (Identity(device: status.st_dev, inode: status.st_ino), Int(status.st_size))
    }
}
