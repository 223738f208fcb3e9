/// How urgent a signal is; the lowest number goes first.
public enum Priority: UInt8, Comparable, Sendable, CaseIterable {
    /// Aborts, stops and cancels: they overtake everything.
    case control = 0
    /// Messages, and signals that end something.
    case message = 1
    case normal = 2
    /// Outputs: their application only records that they were made.
    case output = 3

    public init(type: String) {
        switch type {
        case "conv.in.control.abort_requested", "conv.in.control.stop_requested", "conv.in.control.cancel_requested":
            self = .control
        default:
            if type.hasPrefix("conv.in.message") {
                self = .message
            } else if type.hasPrefix("conv.out.") {
                self = .output
            } else if type.hasSuffix(".completed") || type.hasSuffix(".failed") || type.hasSuffix(".error") {
                self = .message
            } else {
                self = .normal
            }
        }
    }

    public static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}
