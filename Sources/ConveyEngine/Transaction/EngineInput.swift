import EffectPort
import Conversation
import JournalPort
import Signals

/// The input of one transaction.
public struct EngineInput: Sendable {
    public var inbound: [InboundSignal] = []
    public var reports: [EffectReport] = []
    public var deadLetterMoves: [DeadLetterMove] = []
    /// Events that the broker does not accept.
    public var unpublished: [UnpublishedEvent] = []
    /// The broker has acknowledged everything up to here, or it was set aside.
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

    /// The approximate number of reports and signals that may end an attempt.
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
