/// How a database is opened.
package enum DatabaseMode {
    /// The file must be there: SQLite would not make a new one whole or not at all.
    case readWrite
    case create
    case readOnly
    /// Without its WAL, locks and any file beside it (sqlite.org/uri.html, `immutable`).
    case fileAlone
}
