import Signals

/// A signal that was set aside because it could not be applied.
public struct DeadLetter: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// Its cause was not applied within `scheduler.cause_timeout`.
        case causeTimeout = "cause_timeout"
        /// More than `scheduler.parked_limit` signals waited for their causes.
        case parkedLimit = "parked_limit"
        /// Its cause has become a dead letter.
        case causeDeadLettered = "cause_dead_lettered"
        /// Its conversation has too many effects in flight.
        case effectLimit = "effect_limit"
        /// Its conversation is set aside, and enough signals wait in it.
        case setAside = "set_aside"
        /// The saved reason cannot be read.
        case unknown
        /// An operator has discarded it; the audit signals give the earlier reason.
        case discarded
    }

    public var position: Position
    public var conversation: ConversationID
    public var reason: Reason
    /// Microseconds since 1970.
    public var at: Int64

    public init(position: Position, conversation: ConversationID, reason: Reason, at: Int64) {
        self.position = position
        self.conversation = conversation
        self.reason = reason
        self.at = at
    }
}
