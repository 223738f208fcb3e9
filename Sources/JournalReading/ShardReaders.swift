import JournalPort

/// Opens readers of the journals, one per shard.
package struct ShardReaders: Sendable {
    package typealias Layout = @Sendable () throws(JournalError) -> JournalLayout
    package typealias Open = @Sendable (_ shard: Int) throws(JournalError) -> any JournalReader

    private let layoutNow: Layout
    private let openShard: Open

    /// - Parameters:
    ///   - layout: called before the first reader is opened; throws while there are no journals yet.
    ///   - open: called on the thread that will own the reader.
    package init(layout: @escaping Layout, open: @escaping Open) {
        layoutNow = layout
        openShard = open
    }

    package init(_ store: any JournalStore) {
        self.init { () throws(JournalError) in
            try store.layout()
        } open: { shard throws(JournalError) in
            try store.openReader(shard: shard)
        }
    }

    /// Readers of a journal with one shard.
    package init(one open: @escaping @Sendable () throws(JournalError) -> any JournalReader) {
        self.init { () throws(JournalError) in
            JournalLayout(partitions: 1, shards: 1)
        } open: { _ throws(JournalError) in
            try open()
        }
    }

    /// The layout of the journals that exist.
    package func layout() throws(JournalError) -> JournalLayout { try layoutNow() }

    package func open(_ shard: Int) throws(JournalError) -> any JournalReader { try openShard(shard) }
}
