import JournalPort

/// Events with their due times, earliest first. An obsolete entry stays until its time: the consumer checks whether it
/// is still valid.
struct DueHeap {
    struct Item {
        /// Milliseconds of a clock that does not run backwards.
        var at: Int64
        var key: EffectKey

        /// Entries due at the same time keep their recording order.
        func isBefore(_ other: Item) -> Bool {
            (at, key.cause, key.ordinal) < (other.at, other.key.cause, other.key.ordinal)
        }
    }

    private var items: [Item] = []

    var next: Int64? { items.first?.at }
    var count: Int { items.count }

    mutating func insert(_ key: EffectKey, at time: Int64) {
        items.append(Item(at: time, key: key))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child].isBefore(items[parent]) else { return }
            items.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes the earliest item if it is due.
    mutating func pop(until now: Int64) -> Item? {
        guard let first = items.first, first.at <= now else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < items.count && items[child].isBefore(items[least]) {
                least = child
            }
            guard least != parent else { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }
}
