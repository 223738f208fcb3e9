import CSQLite
import TestSupport

/// A second connection to a journal, besides Convey's own: it reads, and can hold the write lock.
final class JournalFile {
    private let handle: OpaquePointer

    init(_ path: String, canLock: Bool = false) throws {
        var opened: OpaquePointer?
        let flags = canLock ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
        guard sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_FULLMUTEX, nil) == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            throw TestSupportError("cannot open \(path)")
        }
        handle = opened
        sqlite3_busy_timeout(handle, 5_000)
    }

    deinit { sqlite3_close_v2(handle) }

    /// The rows of a query, every value as text; NULL is `NULL`.
    func rows(_ sql: String) throws -> [[String]] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw failure(sql) }
        defer { sqlite3_finalize(statement) }
        var rows: [[String]] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW:
                rows.append(
                    (0..<sqlite3_column_count(statement)).map { column in
                        sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "NULL"
                    })
            case SQLITE_DONE: return rows
            default: throw failure(sql)
            }
        }
    }

    /// The first column of a query.
    func texts(_ sql: String) throws -> [String] { try rows(sql).map { $0[0] } }

    func number(_ sql: String) throws -> Int {
        guard let number = try texts(sql).first.flatMap({ Int($0) }) else {
            throw TestSupportError("no number: \(sql)")
        }
        return number
    }

    /// Blocks every commit of Convey until `unlock`. Writes nothing.
    func lock() throws { try execute("BEGIN IMMEDIATE") }

    func unlock() throws { try execute("ROLLBACK") }

    private func execute(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    private func failure(_ sql: String) -> TestSupportError {
        TestSupportError("\(String(cString: sqlite3_errmsg(handle))): \(sql)")
    }
}
