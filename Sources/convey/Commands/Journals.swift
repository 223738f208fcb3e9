import ConveySettings
import JournalPort
import Logging
import SQLiteJournal

/// The journal store. The only place that knows which kind of store is in use.
enum Journals {
    /// The store of the service, which creates the journals at its first start.
    static func store(_ settings: ServeSettings) -> any JournalStore {
        let asked = JournalLayout(partitions: settings.journalPartitions, shards: settings.journalShards)
        return SQLiteStore(directory: settings.dataDirectory, newLayout: asked) { found in
            warn("journal.partitions", asked.partitions, found.partitions)
            warn("journal.shards", asked.shards, found.shards)
        }
    }

    private static func warn(_ setting: String, _ asked: Int, _ found: Int) {
        guard asked != found else { return }
        Logger(label: "journal").warning(
            "the journal keeps what it was created with; the setting counts for a new data directory only",
            metadata: ["setting": "\(setting)", "asked": "\(asked)", "in_force": "\(found)"])
    }

    /// The store in a data directory, for commands that work on journals that exist.
    static func existing(in directory: String) -> any JournalStore { SQLiteStore(directory: directory) }
}
