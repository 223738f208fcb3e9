import Synchronization

/// Counts requests that were refused, by the status of their answer.
final class RefusedRequests: Sendable {
    private let counts = Mutex<[Int: UInt64]>([:])

    /// Counts by status, since the start.
    var byStatus: [Int: UInt64] { counts.withLock { $0 } }

    func count(status: Int) { counts.withLock { $0[status, default: 0] += 1 } }
}
