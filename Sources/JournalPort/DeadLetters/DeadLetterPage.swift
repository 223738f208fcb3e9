import Signals

/// A page of the list of dead letters over all shards, ordered by shard and then by position.
package struct DeadLetterPage: Sendable {
    package var letters: [Sharded<DeadLetterDetails>] = []
    /// Shards that the page should show and that cannot be read at the moment, ascending: the page has nothing of theirs.
    package var unreadable: [Int] = []

    package init() {}
}
