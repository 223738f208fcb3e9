import JournalPort
import Signals

/// What differs between the signals that are pending now and those that were at the last checkpoint: what the next one
/// writes, however many signals wait.
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

    /// A dead letter waits again. Its commit lists it among the pending at once.
    mutating func restore(_ position: Position) {
        removed.removeAll { $0 == position }
    }

    /// What is said of a position is no part of the changes any more.
    mutating func forget(_ position: Position) {
        added.remove(position)
        removed.removeAll { $0 == position }
    }
}
