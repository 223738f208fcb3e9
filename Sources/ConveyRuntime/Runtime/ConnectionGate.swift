import JournalPort
import Synchronization

/// Whether this process may be connected to the broker under the client ids that the nodes of a cluster share.
///
/// It may connect while it owns the first shard. A process that wakes after a long stop finds here that its lease has expired, before it
/// takes the connections of the node that works now.
public final class ConnectionGate: Sendable {
    private struct State {
        var lease: (any JournalLease)?
        var isShared: Bool
    }

    private let state: Mutex<State>

    /// - Parameter isShared: whether other processes can take the journal over; if not, the gate is always open.
    public init(isShared: Bool = false) { state = Mutex(State(isShared: isShared)) }

    /// Whether other processes can take the journal over.
    public var isShared: Bool { state.withLock(\.isShared) }

    /// Whether this process may be connected.
    public var isOpen: Bool {
        let (isShared, lease) = state.withLock { ($0.isShared, $0.lease) }
        return !isShared || lease?.isHeld ?? false
    }

    /// Sets the lease after this process has taken the first shard over; nil after it has lost the shard.
    func hold(_ lease: (any JournalLease)?) { state.withLock { $0.lease = lease } }
}
