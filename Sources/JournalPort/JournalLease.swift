/// Until when this process may act as the owner of a shard that other processes can take over.
public protocol JournalLease: Sendable {
    /// Whether it may act now, by its own clock. Whoever publishes or connects for the shard looks here first: a process that was
    /// stopped for a while finds its lease run out before it does anything.
    var isHeld: Bool { get }
}
