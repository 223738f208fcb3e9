/// What a database is for, and how a file of this kind is told from others.
package struct DatabaseKind: Sendable {
    /// SQLite's application id: the header of the file has it.
    package var applicationID: Int64
    /// The newest version of the tables (`user_version`) that this program knows.
    package var newestVersion: Int64
    /// What it is, with an article: `a Convey journal`.
    package var words: String
    /// What a file with another application id is, as a sentence: `it is a Convey journal`.
    package var others: [Int64: String]
    /// Why a file of this kind is not whole, from what it says of itself; nil when nothing says so. Called with the file's path, its
    /// header and its WAL.
    package var problem: @Sendable (String, DatabaseHeader, WALScan?) throws(SQLiteError) -> SQLiteError?

    package init(
        applicationID: Int64, newestVersion: Int64, words: String, others: [Int64: String],
        problem: @escaping @Sendable (String, DatabaseHeader, WALScan?) throws(SQLiteError) -> SQLiteError? = {
            _, _, _ in nil
        }
    ) {
        self.applicationID = applicationID
        self.newestVersion = newestVersion
        self.words = words
        self.others = others
        self.problem = problem
    }
}
