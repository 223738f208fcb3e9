import Glibc
import JournalPort
import SQLite

/// The file of a journal, looked at before SQLite opens it.
enum JournalFile {
    static let kind = DatabaseKind(
        applicationID: Schema.applicationID, newestVersion: Schema.version, words: "a Convey journal",
        // "CnvP".
        others: [0x436e_7650: "it is the database of a Convey projection"]
    ) { (path, header, wal) throws(SQLiteError) in
        try WholenessMark.read(path)?.problem(header, wal, path: path)
    }

    /// Makes sure that a file is a whole journal, or that there is none. Not for a file that this process has open.
    /// - Returns: false where there is nothing.
    /// - Throws: as `DatabaseFile.check`.
    static func check(_ path: String) throws(JournalError) -> Bool {
        do { return try DatabaseFile.check(path, is: kind) } catch { throw JournalError(error) }
    }
}
