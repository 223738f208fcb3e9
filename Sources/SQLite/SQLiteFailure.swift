/// The error that a user of databases throws.
package protocol SQLiteFailure: Error {
    /// Converts a failure of SQLite into this error.
    init(_ error: SQLiteError)
}
