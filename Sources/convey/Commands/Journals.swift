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
            if settings.isGiven(Settings.journalPartitions.key) {
                warn(Settings.journalPartitions.key, asked.partitions, found.partitions)
            }
            if settings.isGiven(Settings.journalShards.key) {
                warn(Settings.journalShards.key, asked.shards, found.shards)
            }
        }
    }

    /// Only for settings that were given: a default asks for nothing.
    private static func warn(_ setting: SettingKey, _ asked: Int, _ found: Int) {
        guard asked != found else { return }
        Logger(label: "journal").warning(
            "the journal keeps what it was created with; the setting counts for a new data directory only",
            metadata: [
                "setting": "\(setting.path)", "asked": .stringConvertible(asked), "in_force": .stringConvertible(found),
            ])
    }

    /// The store in a data directory, for commands that work on journals that exist.
    static func existing(in directory: String) -> any JournalStore { SQLiteStore(directory: directory) }
}
