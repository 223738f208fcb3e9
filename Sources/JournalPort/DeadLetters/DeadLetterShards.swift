import Signals

/// The dead letters of all shards as one list, ordered by shard and then by position.
package struct DeadLetterShards: Sendable {
    /// Reads dead letters of all shards, or one letter.
    package typealias Read = @Sendable (DeadLetterRead) async -> Result<DeadLetterPage, JournalError>
    /// Moves dead letters of one shard; one outcome per position.
    package typealias Move = @Sendable (_ shard: Int, DeadLetterMove) async -> Result<[DeadLetterOutcome], JournalError>

    private let count: @Sendable () -> Int
    private let read: Read
    private let move: Move

    /// - Parameter count: the number of shards; requested each time, because a service starts before it has opened its
    ///   journals.
    package init(count: @escaping @Sendable () -> Int, read: @escaping Read, move: @escaping Move) {
        self.count = count
        self.read = read
        self.move = move
    }

    /// The number of shards: the spelling of positions depends on it.
    package var shards: Int { count() }

    /// Up to `limit` of the selected dead letters after a position.
    /// - Throws: if no shard that the page needs can be read.
    package func list(
        _ selection: DeadLetterSelection = .open, after start: ShardPosition, limit: Int
    ) async throws(JournalError) -> DeadLetterPage {
        try await read(.list(selection, after: start, limit: limit)).get()
    }

    /// The dead letter at a position; nil if there is none.
    package func show(_ place: ShardPosition) async throws(JournalError) -> Sharded<DeadLetterDetails>? {
        try await read(.show(place)).get().letters.first
    }

    /// Schedules dead letters again or discards them: one transaction per shard. If a shard fails, the shards before it
    /// are already changed; the same request can be sent again.
    package func move(
        _ action: DeadLetterMove.Action, _ places: [ShardPosition]
    ) async throws(JournalError) -> [Sharded<DeadLetterOutcome>] {
        var outcomes: [Sharded<DeadLetterOutcome>] = []
        let positions = Dictionary(grouping: places, by: \.shard).mapValues { $0.map(\.position) }
        for (shard, positions) in positions.sorted(by: { $0.key < $1.key }) {
            let moved = try await move(shard, DeadLetterMove(action, positions)).get()
            outcomes += moved.map { Sharded(shard: shard, $0) }
        }
        return outcomes
    }
}
