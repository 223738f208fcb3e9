import ConveySettings
import JournalPort
import SQLiteJournal

/// Where the journals are kept. The one place that knows which kind of store it is.
enum Journals {
    /// The store of the service, which creates the journals at its first start.
    static func store(_ settings: ServeSettings) -> any JournalStore {
        SQLiteStore(
            directory: settings.dataDirectory,
            newLayout: JournalLayout(partitions: settings.journalPartitions, shards: settings.journalShards))
    }

    /// The store in a data directory, for commands that work on journals that exist.
    static func existing(in directory: String) -> any JournalStore { SQLiteStore(directory: directory) }
}
