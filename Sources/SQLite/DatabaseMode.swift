/// How a database is opened.
package enum DatabaseMode {
    /// The file must exist: SQLite does not create a new one atomically.
    case readWrite
    case create
    case readOnly
    /// Without its WAL, locks and any accompanying file (sqlite.org/uri.html, `immutable`).
    case fileAlone
}
