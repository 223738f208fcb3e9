/// The purpose of a database, and how to recognize a file of this kind.
package struct DatabaseKind: Sendable {
    /// SQLite's application id in the header of the file.
    package var applicationID: Int64
    /// The newest version of the tables (`user_version`) that this program knows.
    package var newestVersion: Int64
    /// The kind with an article: `a Convey journal`.
    package var words: String
    /// Descriptions of files with other application ids, as sentences: `it is a Convey journal`.
    package var others: [Int64: String]
    /// Why a file of this kind is incomplete, according to its own contents; nil if they show no problem. Called with
    /// the file's path, its header and its WAL.
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
