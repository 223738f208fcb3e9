/// The current state of one shard of the journal.
public struct ShardStatus: Sendable, Equatable {
    /// From 0.
    public var index: Int
    /// Nil until the shard has been opened for the first time.
    public var tag: String?
    public var state: RuntimeStatus.Journal
    /// The position of the newest record; 0 if there is none.
    public var lastPosition: Int64
    /// Signals that are recorded but not applied yet.
    public var queueDepth: Int
    /// Events that are recorded but not acknowledged by the broker yet.
    public var outboxLag: Int

    public init(
        index: Int, tag: String? = nil, state: RuntimeStatus.Journal = .opening, lastPosition: Int64 = 0,
        queueDepth: Int = 0, outboxLag: Int = 0
    ) {
        self.index = index
        self.tag = tag
        self.state = state
        self.lastPosition = lastPosition
        self.queueDepth = queueDepth
        self.outboxLag = outboxLag
    }

    /// `2`, or `2 (k3xa7)` when its tag is known.
    public var name: String { tag.map { "\(index) (\($0))" } ?? String(index) }
}

extension RuntimeStatus {
    /// The part "journal" of a journal with several shards: ready if all of them are open; otherwise it names the
    /// others.
    var shardsPart: Part {
        let others = shards.compactMap { shard -> String? in
            switch shard.state {
            case .open: nil
            case .opening: "shard \(shard.name) is opening"
            case .standby(let owner): owner
            case .failed(let message): "shard \(shard.name) has failed: \(message)"
            }
        }
        if others.isEmpty { return Part(name: "journal", isReady: true, words: "open") }
        let named = others.prefix(Self.namedShards).joined(separator: "; ")
        return Part(name: "journal", isReady: false, words: others.count > Self.namedShards ? "\(named); …" : named)
    }

    /// Maximum shards named in one line.
    private static let namedShards = 8
}
