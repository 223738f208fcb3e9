import JournalPort
import PostgreSQL
import Signals
import Synchronization

/// The journal in a PostgreSQL database: one schema per shard, and a shared one.
package final class PostgresStore: JournalStore {
    private let url: DatabaseURL
    private let node: String
    private let newLayout: JournalLayout?
    private let onOtherLayout: @Sendable (JournalLayout) -> Void
    private let pool: ConnectionPool
    private let allowsUnfinished: Bool
    private let known = Mutex<(journal: KnownJournal?, hasToldLayout: Bool)>((nil, false))

    /// Maximum connections of one process for reading, besides one per owned shard. A server allows 100 by default.
    private static let readers = 8

    /// - Parameters:
    ///   - url: `postgres://USER@HOST[:PORT][,HOST…]/DATABASE[?OPTIONS]`.
    ///   - node: the name of this node, for people.
    ///   - allowsUnfinished: whether an incomplete copy may be opened, in order to complete it.
    ///   - newLayout: the layout of a new journal; nil to open only an existing one.
    ///   - onOtherLayout: called once, by `prepare`, with the layout of an existing journal if it differs from `newLayout`.
    /// - Throws: `cannotOpen` for an invalid URL.
    package init(
        url: String, node: String, allowsUnfinished: Bool = false, newLayout: JournalLayout? = nil,
        onOtherLayout: @escaping @Sendable (JournalLayout) -> Void = { _ in }
    ) throws(JournalError) {
        do {
            self.url = try DatabaseURL(url)
        } catch {
            throw JournalError(error)
        }
        self.node = node
        self.allowsUnfinished = allowsUnfinished
        self.newLayout = newLayout
        self.onOtherLayout = onOtherLayout
        pool = ConnectionPool(self.url, application: "convey-reader", limit: Self.readers)
    }

    /// The location of the journal, without the login.
    package var place: String { url.description }

    package var isShared: Bool { true }

    package func check() throws(JournalError) { _ = try find() }

    package func layout() throws(JournalError) -> JournalLayout {
        guard let found = try find() else { throw missing() }
        return found.layout
    }

    package func prepare() throws(JournalError) -> JournalLayout {
        if let found = try find() {
            let isFirst = known.withLock { known in
                defer { known.hasToldLayout = true }
                return !known.hasToldLayout
            }
            if let newLayout, newLayout != found.layout, isFirst { onOtherLayout(found.layout) }
            return found.layout
        }
        guard let newLayout else { throw missing() }
        try JournalCreation(url: url, layout: newLayout).run()
        return try layout()
    }

    package func beat(_ node: ClusterNode) throws(JournalError) -> ClusterStatus? {
        guard let found = try find() else { return nil }
        return try Membership(session: PoolSession(pool), shards: found.layout.shards).beat(node)
    }

    /// Creates the tables for a copy of another journal, with its tags, or finds the tables of an interrupted copy.
    /// - Throws: `inUse` if the database already contains another journal.
    package func prepareCopy(_ layout: JournalLayout, tags: [ShardTag]) throws(JournalError) {
        if try find() == nil { try JournalCreation(url: url, layout: layout, tags: tags, isCopy: true).run() }
        guard let found = try find(), found.isUnfinished, found.layout == layout, found.tags == tags else {
            throw JournalError(.inUse, "there is another journal in \(place) already; give an empty database")
        }
    }

    /// Marks the copy as complete, so that it can be used.
    package func finishCopy() throws(JournalError) {
        let session = PoolSession(pool)
        _ = try session.run(Call("DELETE FROM convey.settings WHERE name = 'unfinished'"))
        known.withLock { $0.journal = nil }
    }

    package func openWriter(shard: Int) throws(JournalError) -> any Journal {
        let (partitions, shard) = try look(at: shard)
        let takeover = Takeover(url: url, shard: shard.index, node: node)
        // A standby node checks this often, so the check uses a pooled connection.
        try takeover.refuseOwned(PoolSession(pool))
        return try PostgresJournal(takeover, partitions: partitions, shard: shard, pool: pool)
    }

    package func openReader(shard: Int) throws(JournalError) -> any JournalReader & Sendable {
        try openVerifier(shard: shard)
    }

    package func openVerifier(shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable {
        let (partitions, shard) = try look(at: shard)
        return PostgresReader(pool, partitions: partitions, shard: shard)
    }

    private func look(at index: Int) throws(JournalError) -> (partitions: Int, shard: Shard) {
        if newLayout != nil, known.withLock({ $0.journal == nil }) { _ = try prepare() }
        guard let found = try find() else { throw missing() }
        precondition(found.tags.indices.contains(index), "shard \(index) of \(found.tags.count)")
        return (
            found.layout.partitions, Shard(index: index, count: found.layout.shards, tag: found.tags[index])
        )
    }

    /// Finds the journal in the database, and remembers it.
    private func find() throws(JournalError) -> KnownJournal? {
        if let journal = known.withLock({ $0.journal }) { return journal }
        let found = try KnownJournal.find(PoolSession(pool), place: place)
        if let found, found.isUnfinished, !allowsUnfinished {
            throw JournalError(
                .cannotOpen,
                "the journal in \(place) was not copied completely; run convey migrate again, or empty the database")
        }
        known.withLock { $0.journal = found }
        return found
    }

    private func missing() -> JournalError {
        JournalError(.cannotOpen, "there is no Convey journal in \(place); start convey serve on it once to create it")
    }
}
