import CSQLite

/// A prepared statement. Parameters are numbered from 1, columns from 0, as in SQLite.
///
/// Parameters are bound by number (`bind`), or one after another (`append`), which suits a statement with many. If
/// SQLite refuses a value, the next `step` or `run` reports it.
package final class Statement<Failure: SQLiteFailure> {
    private let handle: OpaquePointer
    /// Keeps the connection open as long as the statement: `deinit` runs before the database is released.
    private let database: Database<Failure>
    private let parameterCount: Int32
    /// The result of the first failed binding since the last `reset`; SQLITE_OK if all succeeded.
    private var bindingResult = SQLITE_OK
    private var appended: Int32 = 0

    init(_ handle: OpaquePointer, of database: Database<Failure>) {
        self.handle = handle
        self.database = database
        parameterCount = sqlite3_bind_parameter_count(handle)
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Advances to the next row; false if there is none.
    package func step() throws(Failure) -> Bool {
        guard bindingResult == SQLITE_OK else { throw failure(bindingResult) }
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw failure(code)
        }
    }

    /// Runs a statement that returns no rows, and prepares it for the next run.
    package func run() throws(Failure) {
        defer { reset() }
        precondition(appended == 0 || appended == parameterCount, "\(appended) of \(parameterCount) values in \(sql)")
        while try step() {}
    }

    /// Ends the run. It ignores the result, which repeats the error that `step` has already thrown.
    package func reset() {
        bindingResult = SQLITE_OK
        appended = 0
        sqlite3_reset(handle)
    }

    private var sql: String { String(cString: sqlite3_sql(handle)) }

    private func failure(_ code: Int32) -> Failure { database.error(code, doing: sql) }

    // MARK: Parameters

    package func bind(_ index: Int32, _ value: Int64) { check(sqlite3_bind_int64(handle, index, value)) }
    package func bind(_ index: Int32, _ value: Int) { bind(index, Int64(value)) }
    package func bindNull(_ index: Int32) { check(sqlite3_bind_null(handle, index)) }

    package func bind(_ index: Int32, _ text: String?) {
        guard var text else { return bindNull(index) }
        text.withUTF8 { bind(index, utf8: $0) }
    }

    /// Binds bytes that are valid UTF-8 as text.
    package func bind(_ index: Int32, utf8 bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { bind(index, utf8: $0) }
    }

    private func bind(_ index: Int32, utf8 bytes: UnsafeBufferPointer<UInt8>) {
        let address = UnsafeRawPointer(bytes.baseAddress ?? UnsafePointer(emptyText))
        check(
            sqlite3_bind_text64(
                handle, index, address.assumingMemoryBound(to: CChar.self), UInt64(bytes.count), copyNow,
                UInt8(SQLITE_UTF8)))
    }

    /// Binds the next parameter.
    package func append(_ value: Int64) { bind(nextParameter(), value) }
    package func append(_ value: Int) { bind(nextParameter(), value) }
    package func append(_ text: String?) { bind(nextParameter(), text) }
    package func append(utf8 bytes: [UInt8]) { bind(nextParameter(), utf8: bytes) }
    package func appendNull() { bindNull(nextParameter()) }

    package func append(_ value: Int64?) {
        if let value { append(value) } else { appendNull() }
    }

    package func append(utf8 bytes: [UInt8]?) {
        if let bytes { append(utf8: bytes) } else { appendNull() }
    }

    private func nextParameter() -> Int32 {
        appended += 1
        return appended
    }

    private func check(_ code: Int32) {
        if code != SQLITE_OK && bindingResult == SQLITE_OK { bindingResult = code }
    }

    // MARK: Columns

    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    package func isInteger(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_INTEGER }

    package func text(_ column: Int32) -> String? {
        isNull(column) ? nil : String(decoding: buffer(column), as: UTF8.self)
    }

    package func bytes(_ column: Int32) -> [UInt8] { Array(buffer(column)) }

    /// Valid until the next `step` or `reset`.
    private func buffer(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }
}

/// SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
private let copyNow = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
/// Target of the pointer for an empty text: a null pointer would bind NULL.
///
/// Invariant: never freed, never written.
private nonisolated(unsafe) let emptyText = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
