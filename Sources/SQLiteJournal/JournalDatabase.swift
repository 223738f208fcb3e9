import JournalPort
import SQLite

typealias Database = SQLite.Database<JournalError>
typealias Statement = SQLite.Statement<JournalError>

extension JournalError: SQLiteFailure {
    package init(_ error: SQLiteError) {
        let code: Code =
            switch error.code {
            case .cannotOpen: .cannotOpen
            case .newerVersion: .newerVersion
            case .corrupt: .corrupt
            case .diskFull: .diskFull
            case .busy: .busy
            case .inputOutput: .inputOutput
            case .syncFailed: .syncFailed
            }
        self.init(code, error.message)
    }

    /// The journal's error for a failed system call.
    /// - Parameter code: `errno`.
    init(systemError code: Int32, _ what: String) { self.init(SQLiteError(systemError: code, what)) }
}
