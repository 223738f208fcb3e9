import Signals

/// The result of a verification.
public struct VerificationReport: Sendable, Equatable {
    public var signals = 0
    public var markers = 0
    /// Signals whose content was removed on purpose.
    public var removed = 0
    /// Positions whose records were deleted on purpose.
    public var deleted = 0
    public var conversations = 0
    /// The newest position that was checked.
    public var through = Position.start
    /// The first difference; nil if the journal is consistent.
    public var difference: JournalDifference?

    public init() {}

    public var records: Int { signals + markers + removed }

    mutating func add(_ other: VerificationReport) {
        signals += other.signals
        markers += other.markers
        removed += other.removed
        deleted += other.deleted
        conversations += other.conversations
        through = max(through, other.through)
        difference = difference ?? other.difference
    }
}
