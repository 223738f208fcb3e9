import Signals

/// A recorded signal, as another one's cause.
struct SignalReference {
    var id: String
    var position: Position
}
