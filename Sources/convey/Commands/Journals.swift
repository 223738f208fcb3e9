import ConveySettings
import JournalPort
import SQLiteJournal

/// The journal store. The only place that knows which kind of store is in use.
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
