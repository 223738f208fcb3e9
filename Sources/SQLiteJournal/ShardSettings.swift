import JournalPort
import SQLite

/// What a shard's file says about itself and about its journal. Written when the file is created, and never changed.
struct ShardSettings: Equatable {
    /// The same random number in all shards of a journal, so that files of different journals are not mixed up.
    var journal: Int64
    var partitions: Int
    var shard: Shard

    func insert(into database: Database) throws(JournalError) {
        let insert = try database.prepare("INSERT INTO settings (name, value) VALUES (?1, ?2)")
        for (name, value) in [
            ("journal", journal), ("partitions", Int64(partitions)), ("shard", Int64(shard.index)),
            ("shards", Int64(shard.count)),
        ] {
            insert.append(name)
            insert.append(value)
            try insert.run()
        }
        insert.append("tag")
        insert.append(shard.tag.text)
        try insert.run()
    }

    /// - Throws: `corrupt` if something is missing or invalid.
    static func read(from database: Database) throws(JournalError) -> ShardSettings {
        var numbers: [String: Int64] = [:]
        var tag: ShardTag?
        let rows = try database.prepare("SELECT name, value FROM settings")
        while try rows.step() {
            guard let name = rows.text(0) else { continue }
            if rows.isInteger(1) { numbers[name] = rows.integer(1) }
            if name == "tag" { tag = rows.text(1).flatMap { ShardTag($0) } }
        }
        guard let journal = numbers["journal"], let partitions = numbers["partitions"], let index = numbers["shard"],
            let count = numbers["shards"], let tag, partitions > 0, count > 0, (0..<count).contains(index)
        else {
            throw JournalError(
                .corrupt, "\(database.path) does not say which shard it is: its table settings is incomplete")
        }
        return ShardSettings(
            journal: journal, partitions: Int(partitions), shard: Shard(index: Int(index), count: Int(count), tag: tag))
    }
}
