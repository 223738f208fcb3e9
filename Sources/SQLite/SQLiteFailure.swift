/// The error that a user of databases throws.
package protocol SQLiteFailure: Error {
    /// What a failure of SQLite means to this user.
    init(_ error: SQLiteError)
}
