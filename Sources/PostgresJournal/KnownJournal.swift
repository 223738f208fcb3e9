import JournalPort
import PostgreSQL

/// The properties of the journal in a database.
struct KnownJournal: Sendable {
    var layout: JournalLayout
    /// The tag of each shard.
    var tags: [ShardTag]
    /// Whether the journal is an incomplete copy.
    var isUnfinished: Bool

    /// - Returns: nil if the database contains no journal.
    /// - Throws: `newerVersion` for a journal of a later Convey; `cannotOpen` if the server may lose confirmed commits.
    static func find(_ session: PoolSession, place: String) throws(JournalError) -> KnownJournal? {
        let looked = try session.run([
            Call(
                "SELECT pg_catalog.to_regclass('convey.settings') IS NOT NULL AND pg_catalog.to_regclass('convey.shard') IS NOT NULL"
            ),
            Call(
                """
                SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
                       current_setting('server_version_num')::bigint, current_setting('server_version')
                """),
        ])
        try checkServer(looked[1], place)
        guard looked[0].isTrue(0, 0) else { return nil }
        let found = try session.run([
            Call("SELECT name, value FROM convey.settings"), Call("SELECT shard, tag FROM convey.shard ORDER BY shard"),
        ])
        var settings: [String: Int] = [:]
        for row in 0..<found[0].count {
            guard let name = found[0].text(row, 0) else { continue }
            settings[name] = found[0].text(row, 1).flatMap { Int($0) }
        }
        guard let version = settings["version"], let partitions = settings["partitions"],
            let shards = settings["shards"],
            partitions > 0, (1...partitions).contains(shards)
        else { throw JournalError(.corrupt, "\(place): the table convey.settings is incomplete") }
        guard version <= SharedSchema.version else {
            throw JournalError(
                .newerVersion,
                "\(place) was written by a newer Convey (journal version \(version), this one knows \(SharedSchema.version)); "
                    + "use that version")
        }
        let tags = (0..<found[1].count).compactMap { row in found[1].text(row, 1).flatMap { ShardTag($0) } }
        guard tags.count == shards, found[1].count == shards else {
            throw JournalError(
                .corrupt, "\(place): the table convey.shard has \(found[1].count) of \(shards) shards")
        }
        return KnownJournal(
            layout: JournalLayout(partitions: partitions, shards: shards), tags: tags,
            isUnfinished: settings["unfinished"] != nil)
    }

    private static let oldestServer: Int64 = 130_000

    private static func checkServer(_ rows: Rows, _ place: String) throws(JournalError) {
        guard rows.integer(0, 3) >= oldestServer else {
            throw JournalError(
                .cannotOpen, "\(place) is version \(rows.text(0, 4) ?? "unknown"); Convey needs PostgreSQL 13 or later")
        }
        for (column, setting) in ["fsync", "full_page_writes"].enumerated() where rows.text(0, column) != "on" {
            throw JournalError(
                .cannotOpen,
                "\(place) runs with \(setting) = off and loses what it has confirmed when it crashes; set it to on")
        }
        let synchronous = rows.text(0, 2) ?? ""
        guard ["on", "remote_apply"].contains(synchronous) else {
            throw JournalError(
                .cannotOpen,
                "\(place) runs with synchronous_commit = \(synchronous) and may lose what it has confirmed; set it to on for this "
                    + "database or role")
        }
    }
}
