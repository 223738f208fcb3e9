import Signals

/// A recorded signal as the cause of another.
struct SignalReference {
    var id: String
    var position: Position
}
