import ConveyRuntime
import Glibc

/// A file that should be a database of ours, looked at with plain reads before SQLite opens it: opening alone would already
/// write, make files beside it, or drop what it cannot read (docs/adr/0032-whole-files.md).
enum JournalFile {
    /// What the database is for. Both have an application id of their own.
    enum Kind {
        case journal
        case projection

        var applicationID: Int64 {
            switch self {
            case .journal: Schema.applicationID
            case .projection: ProjectionSchema.applicationID
            }
        }

        fileprivate var newestVersion: Int64 {
            switch self {
            case .journal: Schema.version
            case .projection: ProjectionSchema.version
            }
        }

        fileprivate var words: String {
            switch self {
            case .journal: "a Convey journal"
            case .projection: "the database of a Convey projection"
            }
        }
    }

    /// Looks again after a writer that works at this moment has begun its WAL anew.
    private static let tries = 5
    private static let pauseMicroseconds: UInt32 = 20_000

    /// Makes sure that a file is a whole database of ours, or that there is none.
    ///
    /// Not for a file that this process has open in SQLite: closing any descriptor of it would drop SQLite's locks (fcntl(2)).
    /// - Returns: false where there is nothing.
    /// - Throws: `cannotOpen` for anything else, by what it is; `newerVersion`; `corrupt` for one of ours that is not whole;
    ///   what reading it throws.
    static func check(_ path: String, is kind: Kind) throws(JournalError) -> Bool {
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
            // Beside a writer file and WAL may have been read at two moments.
            if attempt == tries { throw problem }
            attempt += 1
            usleep(pauseMicroseconds)
        }
    }

    /// Where SQLite keeps the WAL of a database: beside the file that a symbolic link names.
    static func walPath(_ path: String) -> String { resolved(path) + "-wal" }

    /// The path without symbolic links, as far as it exists.
    static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func header(of file: PlainFile, _ kind: Kind) throws(JournalError) -> DatabaseHeader {
        if file.size == 0 {
            throw JournalError(
                .cannotOpen,
                "\(file.path) is empty, not \(kind.words); if nothing else belongs there, remove it and start again")
        }
        guard let header = DatabaseHeader(try file.read(DatabaseHeader.length, at: 0)) else {
            throw JournalError(.cannotOpen, "\(file.path) is not \(kind.words): it is not a SQLite database")
        }
        return header
    }

    /// SQLite would delete a WAL that it finds beside a new database.
    private static func refuseLoneWAL(_ path: String) throws(JournalError) {
        guard let wal = try PlainFile(path + "-wal"), wal.size > 0 else { return }
        throw JournalError(
            .corrupt,
            "\(path) is missing, but its \(wal.path) is there: put both back from the same moment, or restore a backup "
                + "into an empty directory")
    }

    private static func identify(_ header: DatabaseHeader, _ path: String, _ kind: Kind) throws(JournalError) {
        guard header.applicationID == kind.applicationID else {
            let found =
                switch header.applicationID {
                case Kind.journal.applicationID: "it is \(Kind.journal.words)"
                case Kind.projection.applicationID: "it is \(Kind.projection.words)"
                default: "it is the SQLite database of another program"
                }
            throw JournalError(.cannotOpen, "\(path) is not \(kind.words): \(found)")
        }
        guard header.userVersion <= kind.newestVersion else {
            throw JournalError(
                .newerVersion,
                "\(path) was written by a newer Convey (version \(header.userVersion) of its tables, this one knows "
                    + "\(kind.newestVersion)); use that version")
        }
    }

    /// Why the file is not whole; nil when it is, as far as can be told.
    private static func problem(
        with file: PlainFile, _ main: DatabaseHeader, _ wal: WALScan?, _ kind: Kind
    ) throws(JournalError) -> JournalError? {
        let path = file.path
        if let wal, try wal.isStale() { return JournalError(.busy, "\(walPath(path)) changes faster than it is read") }
        if let wal, wal.isDamaged {
            return JournalError(
                .corrupt,
                "\(walPath(path)) is damaged: behind \(wal.commits) commits that can be read stand "
                    + "\(wal.commitsBehindDamage) or more that SQLite would drop. Keep a copy, look at the disk, and restore a "
                    + "backup, or see \"A damaged or missing WAL\" in docs/operations/running.md")
        }
        if kind == .journal, let problem = try WholenessMark.read(path)?.problem(main, wal, path: path) {
            return problem
        }
        if let missing = missingPages(file, main, wal) {
            return JournalError(
                .corrupt,
                "\(path) is cut off: it has \(file.size) bytes, but \(missing) pages of \(main.pageSize) bytes are missing. "
                    + "Copy it again, or restore a backup")
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
