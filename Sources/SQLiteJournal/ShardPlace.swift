import JournalPort

/// The expected journal and shard of a file.
struct ShardPlace {
    /// As `ShardSettings.journal`.
    var journal: Int64
    var layout: JournalLayout
    var index: Int

    /// - Throws: `corrupt` for a file in the place of another one.
    func check(_ settings: ShardSettings, _ path: String) throws(JournalError) {
        guard settings.journal == journal, settings.shard.count == layout.shards,
            settings.partitions == layout.partitions
        else {
            throw JournalError(
                .corrupt,
                "\(path) belongs to another journal than the other files in its directory: put back the file that was there, or restore a "
                    + "backup of all of them into an empty directory")
        }
        guard settings.shard.index == index else {
            throw JournalError(
                .corrupt,
                "\(path) is shard \(settings.shard.index), but is in the place of shard \(index): files were renamed"
            )
        }
    }
}
