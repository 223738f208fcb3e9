import CSQLite
import ConveyRuntime

/// A prepared statement. Parameters are numbered from 1, columns from 0, as in SQLite.
final class Statement {
    private let handle: OpaquePointer
    /// Keeps the connection open for as long as the statement: `deinit` runs before the database is released.
    private let database: Database

    init(_ handle: OpaquePointer, of database: Database) {
        self.handle = handle
        self.database = database
    }

    deinit {
        sqlite3_finalize(handle)
    }

    /// Runs to the next row; false when there is none.
    func step() throws(JournalError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw database.error(code, doing: String(cString: sqlite3_sql(handle)))
        }
    }

    /// Runs a statement that returns no rows, and makes it ready for the next run.
    func run() throws(JournalError) {
        defer { reset() }
        while try step() {}
    }

    /// Ends the run. Its result repeats the error that `step` has already thrown.
    func reset() {
        sqlite3_reset(handle)
    }

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }
    func bind(_ index: Int32, _ value: Int) { sqlite3_bind_int64(handle, index, Int64(value)) }
    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    func bind(_ index: Int32, _ text: String?) {
        guard var text else { return bindNull(index) }
        text.withUTF8 { bind(index, utf8: $0) }
    }

    /// Binds bytes that are valid UTF-8 as text.
    func bind(_ index: Int32, utf8 bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { bind(index, utf8: $0) }
    }

    private func bind(_ index: Int32, utf8 bytes: UnsafeBufferPointer<UInt8>) {
        let address = UnsafeRawPointer(bytes.baseAddress ?? UnsafePointer(Self.emptyText))
        sqlite3_bind_text(
            handle, index, address.assumingMemoryBound(to: CChar.self), Int32(bytes.count), Self.copyNow)
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }
    func isInteger(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_INTEGER }

    func text(_ column: Int32) -> String? {
        isNull(column) ? nil : String(decoding: buffer(column), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8] { Array(buffer(column)) }

    /// Valid until the next `step` or `reset`.
    private func buffer(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    /// SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
    private static let copyNow = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    /// What an empty text points to: a null pointer would bind NULL. Never freed, never written.
    private nonisolated(unsafe) static let emptyText = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
}
