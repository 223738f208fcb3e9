/// A value that belongs to one shard.
package struct Sharded<Value: Sendable>: Sendable {
    package var shard: Int
    package var value: Value

    package init(shard: Int, _ value: Value) {
        self.shard = shard
        self.value = value
    }
}

extension Sharded<DeadLetterDetails> {
    package var place: ShardPosition { ShardPosition(shard: shard, position: value.letter.position) }
}

/// The dead letters of all shards as one list, ordered by shard and then by position.
package struct DeadLetterShards: Sendable {
    /// Answers a request about the dead letters of one shard.
    package typealias Answer =
        @Sendable (_ shard: Int, DeadLetterRequest) async -> Result<DeadLetterAnswer, JournalError>

    /// What is done to dead letters.
    package enum Move: String, Sendable {
        case redrive
        case discard
    }

    private let count: @Sendable () -> Int
    private let answer: Answer

    /// - Parameter count: the number of shards; asked anew each time, because a service starts before it has opened its journals.
    package init(count: @escaping @Sendable () -> Int, answer: @escaping Answer) {
        self.count = count
        self.answer = answer
    }

    /// The number of shards: how positions are read and written depends on it.
    package var shards: Int { count() }

    /// Up to `limit` dead letters after a position.
    package func list(
        after start: ShardPosition, limit: Int
    ) async throws(JournalError) -> [Sharded<DeadLetterDetails>] {
        var found: [Sharded<DeadLetterDetails>] = []
        var position = start.position
        var shard = start.shard
        while shard < shards, found.count < limit {
            found += try await letters(shard, .list(after: position, limit: limit - found.count))
            position = .start
            shard += 1
        }
        return found
    }

    /// The dead letter at a position; nil when there is none.
    package func show(_ place: ShardPosition) async throws(JournalError) -> Sharded<DeadLetterDetails>? {
        try await letters(place.shard, .show(place.position)).first
    }

    /// Schedules dead letters again or discards them: one transaction per shard. When a shard fails, the shards before it have been
    /// changed; the same request can be sent again.
    package func move(
        _ move: Move, _ places: [ShardPosition]
    ) async throws(JournalError) -> [Sharded<DeadLetterOutcome>] {
        var outcomes: [Sharded<DeadLetterOutcome>] = []
        let positions = Dictionary(grouping: places, by: \.shard).mapValues { $0.map(\.position) }
        for (shard, positions) in positions.sorted(by: { $0.key < $1.key }) {
            let request: DeadLetterRequest =
                switch move {
                case .redrive: .redrive(positions)
                case .discard: .discard(positions)
                }
            guard case .outcomes(let moved) = try await answer(shard, request).get() else { continue }
            outcomes += moved.map { Sharded(shard: shard, $0) }
        }
        return outcomes
    }

    private func letters(
        _ shard: Int, _ request: DeadLetterRequest
    ) async throws(JournalError) -> [Sharded<DeadLetterDetails>] {
        guard case .letters(let letters) = try await answer(shard, request).get() else { return [] }
        return letters.map { Sharded(shard: shard, $0) }
    }
}
