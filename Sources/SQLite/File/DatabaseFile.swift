import Glibc

/// Checks a file that should be one of our databases, with plain reads before SQLite opens it: just opening it would
/// already write, create accompanying files, or drop unreadable data (docs/adr/0032-whole-files.md).
package enum DatabaseFile {
    /// Number of checks, because a running writer may have restarted its WAL in between.
    private static let tries = 5
    private static let pauseMicroseconds: UInt32 = 20_000

    /// Makes sure that a file is one of our databases and complete, or that it does not exist.
    ///
    /// Not for a file that this process has open in SQLite: closing any descriptor of it would release SQLite's locks
    /// (fcntl(2)).
    /// - Returns: false if the file does not exist.
    /// - Throws: `cannotOpen` for anything else, with its kind; `newerVersion`; `corrupt` for an incomplete database of
    ///   ours; errors of reading it.
    package static func check(_ path: String, is kind: DatabaseKind) throws(SQLiteError) -> Bool {
        var attempt = 1
        while true {
            guard let file = try PlainFile(path) else {
                try refuseLoneWAL(path)
                return false
            }
            let main = try header(of: file, kind)
            let wal = try WALScan.read(walPath(path), pageSize: main.pageSize, pagesAbove: file.size / main.pageSize)
            try identify(wal?.header ?? main, path, kind)
            guard let problem = try problem(with: file, main, wal, kind) else { return true }
            // While a writer runs, file and WAL may have been read at different moments.
            if attempt == tries { throw problem }
            attempt += 1
            usleep(pauseMicroseconds)
        }
    }

    /// The path of a database's WAL: beside the file to which symbolic links lead.
    package static func walPath(_ path: String) -> String { resolved(path) + "-wal" }

    /// The path without symbolic links, as far as it exists.
    package static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func header(of file: PlainFile, _ kind: DatabaseKind) throws(SQLiteError) -> DatabaseHeader {
        if file.size == 0 {
            throw SQLiteError(
                .cannotOpen,
                "\(file.path) is empty, not \(kind.words); if it is not needed, remove it and start again")
        }
        guard let header = DatabaseHeader(try file.read(DatabaseHeader.length, at: 0)) else {
            throw SQLiteError(.cannotOpen, "\(file.path) is not \(kind.words): it is not a SQLite database")
        }
        return header
    }

    /// SQLite would delete a WAL that it finds beside a new database.
    private static func refuseLoneWAL(_ path: String) throws(SQLiteError) {
        guard let wal = try PlainFile(path + "-wal"), wal.size > 0 else { return }
        throw SQLiteError(
            .corrupt,
            "\(path) is missing, but its \(wal.path) exists: put both back from the same moment, or restore a backup "
                + "into an empty directory")
    }

    private static func identify(_ header: DatabaseHeader, _ path: String, _ kind: DatabaseKind) throws(SQLiteError) {
        guard header.applicationID == kind.applicationID else {
            let found = kind.others[header.applicationID] ?? "it is the SQLite database of another program"
            throw SQLiteError(.cannotOpen, "\(path) is not \(kind.words): \(found)")
        }
        guard header.userVersion <= kind.newestVersion else {
            throw SQLiteError(
                .newerVersion,
                "\(path) was written by a newer Convey (table version \(header.userVersion), this one knows "
                    + "\(kind.newestVersion)); use that version")
        }
    }

    /// Why the file is incomplete; nil if no problem is visible.
    private static func problem(
        with file: PlainFile, _ main: DatabaseHeader, _ wal: WALScan?, _ kind: DatabaseKind
    ) throws(SQLiteError) -> SQLiteError? {
        let path = file.path
        if let wal, try wal.isStale() { return SQLiteError(.busy, "\(walPath(path)) changes faster than it is read") }
        if let wal, wal.isDamaged {
            return SQLiteError(
                .corrupt,
                "\(walPath(path)) is damaged: after \(wal.commits) readable commits it contains "
                    + "\(wal.commitsBehindDamage) or more that SQLite would drop. Keep a copy, check the disk, "
                    + "and restore a backup, or see \"A damaged or missing WAL\" in docs/operations/running.md")
        }
        if let problem = try kind.problem(path, main, wal) { return problem }
        if let missing = missingPages(file, main, wal) {
            return SQLiteError(
                .corrupt,
                "\(path) is truncated: it has \(file.size) bytes, but \(missing) pages of \(main.pageSize) bytes are "
                    + "missing. Copy it again, or restore a backup")
        }
        return nil
    }

    private static func missingPages(_ file: PlainFile, _ main: DatabaseHeader, _ wal: WALScan?) -> Int? {
        let present = file.size / main.pageSize
        let needed: Int
        if let wal, wal.commits > 0 { needed = wal.databasePages } else { needed = main.pageCount ?? 0 }
        guard needed > present else { return nil }
        let inWAL = wal?.pagesAbove.count { $0 <= needed } ?? 0
        let missing = needed - present - inWAL
        return missing > 0 ? missing : nil
    }
}
