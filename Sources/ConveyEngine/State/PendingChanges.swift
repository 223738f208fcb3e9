import JournalPort
import Signals

/// The difference between the signals pending now and those pending at the last checkpoint: the next checkpoint writes
/// only this, however many signals wait.
struct PendingChanges {
    private(set) var added: Set<Position> = []
    private(set) var removed: [Position] = []

    init() {}

    init(from checkpoint: [Position], to now: Set<Position>) {
        added = now.subtracting(checkpoint)
        removed = checkpoint.filter { !now.contains($0) }
    }

    /// A signal was recorded and waits to be applied.
    mutating func insert(_ position: Position) {
        added.insert(position)
    }

    /// A signal was applied or set aside.
    mutating func settle(_ position: Position) {
        if added.remove(position) == nil { removed.append(position) }
    }

    /// A dead letter is pending again. Its commit lists it as pending at once.
    mutating func restore(_ position: Position) {
        removed.removeAll { $0 == position }
    }

    /// The position is no longer part of the changes.
    mutating func forget(_ position: Position) {
        added.remove(position)
        removed.removeAll { $0 == position }
    }
}
