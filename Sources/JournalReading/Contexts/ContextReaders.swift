import JournalPort

/// A reader of contexts for each shard. Belongs to one thread.
final class ContextReaders {
    private let readers: ShardReaders
    private let cacheBytes: Int
    private var layout: JournalLayout?
    private var byShard: [Int: ContextReader] = [:]

    /// - Parameter cacheBytes: memory for cached contexts, for all shards together.
    init(_ readers: ShardReaders, cacheBytes: Int) {
        self.readers = readers
        self.cacheBytes = cacheBytes
    }

    /// The reader for a conversation.
    /// - Throws: if the journals' layout cannot be read.
    func reader(of subject: String) throws(JournalError) -> ContextReader {
        let layout = try openedLayout()
        let shard = layout.shard(of: subject)
        if let known = byShard[shard] { return known }
        let made = ContextReader(cacheBytes: cacheBytes / layout.shards) { [readers] () throws(JournalError) in
            try readers.open(shard)
        }
        byShard[shard] = made
        return made
    }

    private func openedLayout() throws(JournalError) -> JournalLayout {
        if let layout { return layout }
        let found = try readers.layout()
        layout = found
        return found
    }
}
