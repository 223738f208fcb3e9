import Signals

/// A message from the broker after the contract check.
public enum InboundSignal: Sendable {
    case accepted(Signal)
    case rejected(RejectedMessage)
}
