import EffectPort
import Conversation
import JournalPort
import Signals

/// What one transaction is asked to take in.
public struct EngineInput: Sendable {
    public var inbound: [InboundSignal] = []
    public var reports: [EffectReport] = []
    public var deadLetterMoves: [DeadLetterMove] = []
    /// Events that the broker does not take.
    public var unpublished: [UnpublishedEvent] = []
    /// Everything up to here has been acknowledged by the broker, or set aside.
    public var outboxCursor: Position?
    /// Signals that may be applied, control signals not counted; nil for as many as a transaction takes.
    public var applications: Int?
    /// Names of tools whose workers have come: calls that wait for them are made at once.
    public var availableTools: Set<String> = []
    /// Attempts that may run from now on; nil leaves it at what it was, at first what the settings say.
    package var places: PlaceLimits?

    public init() {}

    public var isEmpty: Bool {
        inbound.isEmpty && reports.isEmpty && deadLetterMoves.isEmpty && unpublished.isEmpty && outboxCursor == nil
            && availableTools.isEmpty
    }

    /// Reports and signals that may end an attempt, about.
    var ends: Int {
        let reported = reports.count {
            if case .delta = $0.event { false } else { true }
        }
        let published = inbound.count {
            guard case .accepted(let signal) = $0 else { return false }
            return Priority(type: signal.type) == .control || Family(type: signal.type) == .effect
        }
        return reported + published
    }
}
