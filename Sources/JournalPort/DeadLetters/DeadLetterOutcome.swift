import Signals

/// The outcome for one dead letter.
public struct DeadLetterOutcome: Sendable, Equatable {
    public enum Status: String, Sendable {
        case redriven
        case discarded
        /// There is no dead letter at this position.
        case notFound = "not_found"
        /// It was discarded before.
        case alreadyDiscarded = "already_discarded"
        /// Its cause is not recorded, and `scheduler.parked_limit` signals wait for such causes.
        case parkedLimit = "parked_limit"
    }

    public var position: Position
    public var status: Status
    /// The id of the audit signal that reports it.
    public var auditID: String?

    public init(position: Position, status: Status, auditID: String? = nil) {
        self.position = position
        self.status = status
        self.auditID = auditID
    }
}
