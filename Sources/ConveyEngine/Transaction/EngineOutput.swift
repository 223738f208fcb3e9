import JournalPort

/// The result of a committed transaction, which may now be acted on.
public struct EngineOutput: Sendable {
    /// One outcome per inbound signal, in the same order.
    public var outcomes: [RecordOutcome] = []
    /// One list per dead-letter request, in the same order.
    public var deadLetterOutcomes: [[DeadLetterOutcome]] = []
    /// Ascending by position.
    public var outbound: [OutboundEvent] = []
    public var orders: [EffectOrder] = []
    /// Signals applied.
    public var applied = 0
    /// Records written.
    public var recorded = 0

    public init() {}
}
