import JournalPort
import TestSupport

@testable import PostgresJournal

/// Journals of a single shard, each in its own database.
extension PostgresStore {
    /// Creates a store in a database that no other test uses.
    static func empty(
        node: String = "test", partitions: Int = 4, shards: Int = 1, through port: Int? = nil
    ) throws -> PostgresStore {
        try PostgresStore(
            url: PostgresServer.shared.get().createDatabase(through: port), node: node,
            newLayout: JournalLayout(partitions: partitions, shards: shards))
    }

    /// Prepares the journal and takes its first shard over.
    func open() throws(JournalError) -> any Journal {
        _ = try prepare()
        return try openWriter(shard: 0)
    }
}

/// The name of the database in a URL.
func databaseName(in url: String) -> String { url.split(separator: "/").last.map(String.init) ?? "" }
