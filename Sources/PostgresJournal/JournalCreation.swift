import JournalPort
import PostgreSQL

/// Creates the tables of a journal, all of them or none. If several nodes try this, the first one creates them.
struct JournalCreation {
    let url: DatabaseURL
    let layout: JournalLayout
    /// The tags of the shards; nil to create new ones.
    var tags: [ShardTag]?
    /// Whether records of another journal will be copied into this one.
    var isCopy = false

    /// The second key of the lock that creators wait for. It differs from all shards, which are numbered from 0.
    private static let lock = -1
    /// Long, because creating the tables of many shards takes time on a slow disk.
    private static let patience = Duration.seconds(60)

    func run() throws(JournalError) {
        do throws(PostgresError) {
            let connection = try Connection.open(url, application: "convey-create")
            let found = try connection.run(
                [
                    Call("BEGIN"), Call("SELECT pg_advisory_xact_lock(\(Takeover.lockClass)::int, \(Self.lock))"),
                    Call("SELECT pg_catalog.to_regclass('convey.settings') IS NOT NULL"),
                ], patience: Self.patience)
            if found[2].isTrue(0, 0) {
                _ = try connection.run([Call("ROLLBACK")])
                return
            }
            try connection.script(SharedSchema.tables, patience: Self.patience)
            for index in 0..<layout.shards {
                try connection.script(ShardSchema(shard: index).tables, patience: Self.patience)
            }
            _ = try connection.run(rows() + [Call("COMMIT")], patience: Self.patience)
        } catch {
            // Without the table of settings it is not ours.
            guard error.state != "42P06" else {
                throw JournalError(
                    .cannotOpen,
                    "\(url.description) has a schema of Convey's name that is not Convey's; give the journal a database of its own"
                )
            }
            throw JournalError(error)
        }
    }

    private func rows() -> [Call] {
        var random = SystemRandomNumberGenerator()
        let journal = Int64.random(in: 1...Int64.max, using: &random)
        var calls: [Call] = []
        for (name, value) in [
            ("version", Int64(SharedSchema.version)), ("journal", journal), ("partitions", Int64(layout.partitions)),
            ("shards", Int64(layout.shards)),
        ] {
            calls.append(
                Call("INSERT INTO convey.settings (name, value) VALUES ($1, $2)", [.text(name), .text("\(value)")]))
        }
        if isCopy { calls.append(Call("INSERT INTO convey.settings (name, value) VALUES ('unfinished', '1')")) }
        for index in 0..<layout.shards {
            let tag = tags?[index] ?? .random(using: &random)
            calls.append(
                Call(
                    "INSERT INTO convey.shard (shard, tag) VALUES ($1, $2)",
                    [.integer(Int64(index)), .text(tag.text)]))
        }
        return calls
    }
}
