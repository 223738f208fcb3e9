import Signals

/// A message from the broker, after the contract has looked at it.
public enum InboundSignal: Sendable {
    case accepted(Signal)
    case rejected(RejectedMessage)
}
