import Signals

/// How urgent a signal is; the lowest number goes first.
public enum Priority: UInt8, Comparable, Sendable, CaseIterable {
    /// Aborts, stops and cancels; they overtake everything.
    case control = 0
    /// Messages, and signals that end something.
    case message = 1
    case normal = 2
    /// Outputs; applying them only records that they exist.
    case output = 3

    public init(type: String) {
        switch type {
        case SignalType.abortRequested, SignalType.stopRequested, SignalType.cancelRequested:
            self = .control
        // Otherwise a message that follows its conversation's settings could be answered without them.
        case SignalType.conversationConfigured: self = .message
        default:
            var copy = type
            self = copy.withUTF8(Self.ofBytes)
        }
    }

    /// Compares bytes, like `Family.init(type:)`.
    private static func ofBytes(_ type: UnsafeBufferPointer<UInt8>) -> Priority {
        if type.starts(with: "conv.in.message") { return .message }
        if type.starts(with: "conv.out.") { return .output }
        if type.ends(with: ".completed") || type.ends(with: ".failed") || type.ends(with: ".error") { return .message }
        return .normal
    }

    public static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}
