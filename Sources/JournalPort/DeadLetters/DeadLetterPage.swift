import Signals

/// A page of the list of dead letters over all shards, ordered by shard and then by position.
package struct DeadLetterPage: Sendable {
    package var letters: [Sharded<DeadLetterDetails>] = []
    /// Shards that belong on the page but cannot be read at the moment, ascending: their entries are missing.
    package var unreadable: [Int] = []

    package init() {}
}
