/// The time limit within which this process may act as the owner of a shard that other processes can take over.
public protocol JournalLease: Sendable {
    /// Whether it may act now, by its own clock. Check this before publishing or connecting for the shard: a process that
    /// was stopped for a while must find its lease expired before it acts.
    var isHeld: Bool { get }
}
