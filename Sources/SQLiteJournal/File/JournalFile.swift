import JournalPort
import SQLite

/// Checks the file of a journal before SQLite opens it.
enum JournalFile {
    static let kind = DatabaseKind(
        applicationID: Schema.applicationID, newestVersion: Schema.version, words: "a Convey journal",
        others: [
            // "CnP1" and, for unreleased builds, "CnvP".
            0x436e_5031: "it is the database of a Convey projection",
            0x436e_7650: "it is the database of a Convey projection",
            Schema.unreleasedApplicationID:
                "it was created by an unreleased build, whose journals are no longer supported; use another --data",
        ]
    ) { (path, header, wal) throws(SQLiteError) in
        try WholenessMark.read(path)?.problem(header, wal, path: path)
    }

    /// Makes sure that a file is a complete journal, or that it does not exist. Not for a file that this process has
    /// open.
    /// - Returns: false if it does not exist.
    /// - Throws: as `DatabaseFile.check`.
    static func check(_ path: String) throws(JournalError) -> Bool {
        do { return try DatabaseFile.check(path, is: kind) } catch { throw JournalError(error) }
    }

    /// The settings in the file alone: without its WAL, and without writing anything. For a complete file that this
    /// process does not have open.
    static func settings(_ path: String) throws(JournalError) -> ShardSettings {
        let database = try Database(path: path, mode: .fileAlone)
        return try ShardSettings.read(from: database)
    }
}
