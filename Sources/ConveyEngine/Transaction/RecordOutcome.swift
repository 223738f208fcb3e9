import Signals

/// The outcome of an inbound message. Valid once the transaction has committed.
public enum RecordOutcome: Sendable, Equatable {
    case recorded(id: String, subject: String, offset: Int64)
    case duplicate(id: String, subject: String, offset: Int64)
    case rejected(subject: String?, Rejection)
}
