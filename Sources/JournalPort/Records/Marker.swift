import Conversation
import Signals

/// Records that a signal was applied, and in what order.
public struct Marker: Sendable, Equatable {
    /// The record of the applied signal.
    public var appliedPosition: Position
    /// Counts the signals applied in the partition, from 1, without gaps.
    public var applyOrder: Int64
    public var priority: Priority
    /// Digest of the conversation's state after this signal.
    public var digest: UInt64

    public init(appliedPosition: Position, applyOrder: Int64, priority: Priority, digest: UInt64) {
        self.appliedPosition = appliedPosition
        self.applyOrder = applyOrder
        self.priority = priority
        self.digest = digest
    }
}

extension Marker {
    /// The type under which markers are published.
    public static let type = SignalType.eventApplied
}
