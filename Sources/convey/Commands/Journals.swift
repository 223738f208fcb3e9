import ConveySettings
import JournalPort
import Logging
import PostgresJournal
import SQLiteJournal

/// The journal store. The only place that knows which kind of store is in use.
enum Journals {
    /// The store of the service, which creates the journals at its first start.
    static func store(_ settings: ServeSettings) throws(JournalError) -> any JournalStore {
        let asked = JournalLayout(partitions: settings.journalPartitions, shards: settings.journalShards)
        let onOtherLayout: @Sendable (JournalLayout) -> Void = { found in
            if settings.isGiven(Settings.journalPartitions.key) {
                warn(Settings.journalPartitions.key, asked.partitions, found.partitions)
            }
            if settings.isGiven(Settings.journalShards.key) {
                warn(Settings.journalShards.key, asked.shards, found.shards)
            }
        }
        if let url = settings.journalURL {
            return try PostgresStore(url: url, node: settings.node, newLayout: asked, onOtherLayout: onOtherLayout)
        }
        return SQLiteStore(directory: settings.dataDirectory, newLayout: asked, onOtherLayout: onOtherLayout)
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

    /// Where a store keeps its journals, without a login.
    static func place(of store: any JournalStore) -> String { (store as? PostgresStore)?.place ?? "SQLite" }

    /// The store of journals that exist, for commands that work without a service.
    /// - Parameter place: a data directory, or the URL of a PostgreSQL database.
    static func existing(in place: String) throws(JournalError) -> any JournalStore {
        if place.hasPrefix("postgres://") || place.hasPrefix("postgresql://") {
            return try PostgresStore(url: place, node: "command")
        }
        return SQLiteStore(directory: place)
    }
}
