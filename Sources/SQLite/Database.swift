import CSQLite
import Glibc

/// One SQLite connection. Belongs to one thread at a time.
///
/// Generic over the error that its users throw, so that each defines once how a failure of SQLite is reported.
package final class Database<Failure: SQLiteFailure> {
    private let handle: OpaquePointer
    package let path: String

    /// Frames of the WAL after the last commit. SQLite writes it during a commit; the thread that owns the connection
    /// reads it.
    private let frames = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

    /// How long a statement waits for another connection's lock. Only tools that a person started take one. The limit
    /// is long enough for a backup, and short enough that ingress does not hang unnoticed.
    private static var busyTimeoutMilliseconds: Int32 { 5_000 }

    /// Opens a database.
    package init(path: String, mode: DatabaseMode) throws(Failure) {
        self.path = path
        var flags = SQLITE_OPEN_NOMUTEX
        var name = path
        switch mode {
        case .readWrite: flags |= SQLITE_OPEN_READWRITE
        case .create: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        case .readOnly: flags |= SQLITE_OPEN_READONLY
        case .fileAlone:
            flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            name = "file:\(Self.escaped(path))?immutable=1"
        }
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            let systemError = opened.map { sqlite3_system_errno($0) } ?? ENOMEM
            sqlite3_close_v2(opened)
            throw Failure(SQLiteError(systemError: systemError, "\(path): \(reason)"))
        }
        handle = opened
        frames.initialize(to: 0)
        sqlite3_wal_hook(
            handle,
            { context, _, _, frames in
                context?.assumingMemoryBound(to: Int32.self).pointee = frames
                return SQLITE_OK
            }, frames)
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Self.busyTimeoutMilliseconds)
    }

    deinit {
        sqlite3_close_v2(handle)
        frames.deallocate()
    }

    /// A path as part of a URI.
    private static func escaped(_ path: String) -> String {
        path.utf8.reduce(into: "") { text, byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            if isPlain || byte == UInt8(ascii: "/") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
    }

    /// Number of frames in the WAL after the last commit.
    package var walFrames: Int32 { frames.pointee }

    /// Copies the WAL into the database as far as no reader needs it (SQLITE_CHECKPOINT_PASSIVE).
    /// - Returns: whether all of it was copied.
    @discardableResult
    package func checkpoint() throws(Failure) -> Bool {
        var (total, done): (Int32, Int32) = (0, 0)
        let code = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &total, &done)
        if code == SQLITE_BUSY { return false }
        guard code == SQLITE_OK else { throw error(code, doing: "checkpoint") }
        return total == done
    }

    /// Whether the file that SQLite has open is no longer the one at its path.
    package var hasMoved: Bool {
        var moved: Int32 = 0
        return sqlite3_file_control(handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0
    }

    /// Closing then leaves the WAL and the file unchanged: other files may have taken their place.
    package func leaveFilesAlone() {
        convey_sqlite3_no_checkpoint_on_close(handle)
    }

    /// Runs statements that return no rows.
    package func execute(_ sql: String) throws(Failure) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code, doing: sql) }
    }

    package func prepare(_ sql: String) throws(Failure) -> Statement<Failure> {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw error(code, doing: sql) }
        return Statement(prepared, of: self)
    }

    /// A statement that inserts a row; its parameters are the columns in this order.
    package func prepare(
        _ verb: String = "INSERT", insertInto table: String, _ columns: [String]
    ) throws(Failure) -> Statement<Failure> {
        let places = (1...columns.count).map { "?\($0)" }.joined(separator: ", ")
        return try prepare("\(verb) INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))")
    }

    /// The single number that a query returns.
    package func number(_ sql: String) throws(Failure) -> Int64 {
        let statement = try prepare(sql)
        defer { statement.reset() }
        guard try statement.step() else {
            throw Failure(SQLiteError(.corrupt, "\(path): a question about the file has no answer"))
        }
        return statement.integer(0)
    }

    /// The single text that a query returns.
    package func text(_ sql: String) throws(Failure) -> String {
        let statement = try prepare(sql)
        defer { statement.reset() }
        guard try statement.step() else {
            throw Failure(SQLiteError(.corrupt, "\(path): a question about the file has no answer"))
        }
        return statement.text(0) ?? ""
    }

    /// Begins a writing transaction, unless one is in progress.
    package func begin() throws(Failure) {
        if !isInTransaction { try execute("BEGIN IMMEDIATE") }
    }

    /// Ends the transaction, if one is in progress.
    package func commit() throws(Failure) {
        if isInTransaction { try execute("COMMIT") }
    }

    /// Several reads under one lock, which is most of the cost of a single read. Keep it short: an open read keeps the
    /// WAL from being overwritten.
    package func reading<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        if isInTransaction { return try body() }
        try execute("BEGIN")
        let result: Result
        do {
            result = try body()
        } catch {
            rollback()
            throw error
        }
        try execute("COMMIT")
        return result
    }

    private var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Ends a failed transaction. It may have ended by itself, so an error here means nothing.
    package func rollback() {
        if isInTransaction { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    }

    /// The user's error for a result code.
    package func error(_ code: Int32, doing: String) -> Failure { Failure(meaning(of: code, doing: doing)) }

    /// `SELECT`, `CREATE`, `checkpoint`.
    private static func verb(of statement: String) -> String {
        statement.split(maxSplits: 1, whereSeparator: \.isWhitespace).first.map(String.init) ?? "an empty statement"
    }

    /// sqlite.org/rescode.html
    private func meaning(of code: Int32, doing: String) -> SQLiteError {
        // The statement says nothing to an operator; its first word does.
        let reason = "\(path): \(String(cString: sqlite3_errmsg(handle))) (SQLite \(code) at \(Self.verb(of: doing)))"
        switch code & 0xff {
        case SQLITE_FULL:
            return SQLiteError(.diskFull, reason + "; free space on this disk; Convey then continues by itself")
        case SQLITE_BUSY, SQLITE_LOCKED:
            return SQLiteError(.busy, reason + "; another program holds the write lock")
        case SQLITE_IOERR:
            let syncFailures = [SQLITE_IOERR_FSYNC_CODE, SQLITE_IOERR_DIR_FSYNC_CODE]
            // While it creates the index of a WAL, SQLite reports a full disk as an I/O error.
            if code == SQLITE_IOERR_SHMSIZE_CODE { return SQLiteError(systemError: ENOSPC, reason) }
            return SQLiteError(syncFailures.contains(code) ? .syncFailed : .inputOutput, reason)
        // A violated constraint means that memory and journal disagree: a restart reads the journal again.
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CONSTRAINT: return SQLiteError(.corrupt, reason)
        case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM:
            return SQLiteError(systemError: sqlite3_system_errno(handle), reason)
        default: return SQLiteError(.inputOutput, reason)
        }
    }
}

// Extended codes are macros with arithmetic, which the importer skips.
private let SQLITE_IOERR_FSYNC_CODE: Int32 = SQLITE_IOERR | (4 << 8)
private let SQLITE_IOERR_DIR_FSYNC_CODE: Int32 = SQLITE_IOERR | (5 << 8)
private let SQLITE_IOERR_SHMSIZE_CODE: Int32 = SQLITE_IOERR | (19 << 8)
