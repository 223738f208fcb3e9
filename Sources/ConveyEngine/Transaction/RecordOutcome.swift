import Signals

/// What became of an inbound message. Holds once the transaction has committed.
public enum RecordOutcome: Sendable, Equatable {
    case recorded(id: String, subject: String, offset: Int64)
    case duplicate(id: String, subject: String, offset: Int64)
    case rejected(subject: String?, Rejection)
}
