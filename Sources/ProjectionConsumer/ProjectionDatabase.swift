import SQLite

typealias Database = SQLite.Database<SQLiteError>
typealias Statement = SQLite.Statement<SQLiteError>
