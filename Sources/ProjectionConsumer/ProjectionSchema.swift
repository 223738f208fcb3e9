import SQLite

/// The tables of a projection's own database.
enum ProjectionSchema {
    /// "CnP1": distinguishes it from journals and from other SQLite files.
    static let applicationID: Int64 = 0x436e_5031
    /// "CnvP": projections of unreleased builds. They contain journal positions instead of offsets.
    static let unreleasedApplicationID: Int64 = 0x436e_7650
    static let version: Int64 = 1
    private static let kind = DatabaseKind(
        applicationID: applicationID, newestVersion: version, words: "the database of a Convey projection",
        others: [
            // "Cnvy" and "Cnv1".
            0x436e_7679: "it is a Convey journal", 0x436e_7631: "it is a Convey journal",
            unreleasedApplicationID:
                "it was created by an unreleased build, whose projections are no longer supported; use another --database",
        ])

    /// Makes sure that a file is a complete database of a projection, or that it does not exist.
    /// - Returns: false if it does not exist.
    static func check(_ path: String) throws(SQLiteError) -> Bool {
        try DatabaseFile.check(path, is: kind)
    }

    private static let tables = """
        CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        -- The highest sequence seen of a conversation's family, and what is missing below it.
        CREATE TABLE progress (
            subject TEXT, family TEXT, sequence INTEGER NOT NULL, PRIMARY KEY (subject, family)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE holes (
            subject TEXT, family TEXT, first INTEGER, last INTEGER NOT NULL, PRIMARY KEY (subject, family, first)
        ) STRICT, WITHOUT ROWID;
        -- Outputs without their marker, and markers without their output: the marker says where an output stands.
        CREATE TABLE outputs (
            subject TEXT, id TEXT, sequence INTEGER, type TEXT NOT NULL, data TEXT NOT NULL,
            PRIMARY KEY (subject, id, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE places (
            subject TEXT, id TEXT, position INTEGER, PRIMARY KEY (subject, id, position)
        ) STRICT, WITHOUT ROWID;
        -- What is shown, event by event in record order, and joined to the entries of timelines.
        CREATE TABLE events (
            subject TEXT, position INTEGER, id TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL,
            PRIMARY KEY (subject, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE timeline (
            subject TEXT, position INTEGER, role TEXT NOT NULL, kind TEXT NOT NULL, content TEXT NOT NULL,
            entry TEXT NOT NULL, PRIMARY KEY (subject, position)
        ) STRICT, WITHOUT ROWID;
        """

    /// - Throws: `cannotOpen` for a file that is something else, `newerVersion`.
    static func prepare(_ database: Database, clientID: String) throws(SQLiteError) {
        _ = try database.text("PRAGMA journal_mode = WAL")
        try database.execute("PRAGMA synchronous = FULL")
        let found = try database.number("PRAGMA user_version")
        let application = try database.number("PRAGMA application_id")
        guard application == applicationID || (application == 0 && found == 0) else {
            throw SQLiteError(.cannotOpen, "\(database.path) is not the database of a Convey projection")
        }
        guard found <= version else {
            throw SQLiteError(.newerVersion, "\(database.path) was written by a newer Convey; use that version")
        }
        guard found == 0 else { return }
        try database.begin()
        do {
            try database.execute(tables)
            let insert = try database.prepare("INSERT INTO settings VALUES ('client_id', ?1)")
            insert.bind(1, clientID)
            try insert.run()
            try database.execute("PRAGMA user_version = \(version)")
            try database.execute("PRAGMA application_id = \(applicationID)")
            try database.commit()
        } catch {
            database.rollback()
            throw error
        }
    }
}
