import Signals

/// The ready entries of one priority.
///
/// Round robin keeps one queue per conversation and a ring of the conversations that have a queue; arrival order uses a
/// single queue for all.
struct ReadyLane: Sendable {
    private let order: Scheduler.Order
    private var queues: [ConversationID: EntryQueue] = [:]
    private var ring: [ConversationID] = []
    private var ringHead = 0
    private(set) var count = 0

    init(order: Scheduler.Order) {
        self.order = order
    }

    var isEmpty: Bool { count == 0 }

    /// The entry that `removeFirst` would take.
    var first: Scheduler.Entry? { ringHead < ring.count ? queues[ring[ringHead]]?.first : nil }

    /// Entries to be taken soon, approximately in order: the same number from each conversation.
    func upcoming(limit: Int) -> [Scheduler.Entry] {
        let turns = ring[ringHead...].prefix(limit)
        guard !turns.isEmpty else { return [] }
        let share = (limit + turns.count - 1) / turns.count
        return turns.flatMap { queues[$0]?.entries(limit: share) ?? [] }
    }

    mutating func insert(_ entry: Scheduler.Entry) {
        let key = queueKey(entry)
        count += 1
        if queues[key]?.insert(entry) == nil {
            queues[key] = EntryQueue(entry)
            ring.append(key)
        }
    }

    mutating func removeFirst() -> Scheduler.Entry? {
        guard ringHead < ring.count else { return nil }
        let key = ring[ringHead]
        guard let slot = queues.index(forKey: key) else {
            preconditionFailure("conversation \(key) is next but has no queue")
        }
        ringHead += 1
        count -= 1
        let entry = queues.values[slot].removeFirst()
        if queues.values[slot].isEmpty {
            queues.remove(at: slot)
        } else {
            ring.append(key)
        }
        compactRing()
        return entry
    }

    /// Removes all entries of a conversation. Scans all ready entries; for rare events only.
    mutating func withdraw(conversation: ConversationID) {
        var others: [Scheduler.Entry] = []
        var isThere = false
        for entry in queues.values.lazy.flatMap(\.entries) {
            if entry.conversation == conversation { isThere = true } else { others.append(entry) }
        }
        guard isThere else { return }
        let order = ring[ringHead...].filter { $0 != conversation || self.order == .arrival }
        self = ReadyLane(order: self.order)
        for entry in others { insert(entry) }
        // The order of the conversations stays the same.
        ring = order.filter { queues[$0] != nil }
    }

    private func queueKey(_ entry: Scheduler.Entry) -> ConversationID {
        switch order {
        case .roundRobin: entry.conversation
        case .arrival: ConversationID(0)
        }
    }

    /// Frees the used part of the ring once it is as long as the rest: O(1) per selection on average.
    private mutating func compactRing() {
        if ringHead == ring.count {
            ring.removeAll(keepingCapacity: ring.capacity <= 1_024)
            ringHead = 0
        } else if ringHead >= 256, ringHead * 2 >= ring.count {
            ring.removeFirst(ringHead)
            ringHead = 0
        }
    }
}

/// Entries in record order: a binary heap with a separate first element, so that the common queue of one allocates
/// nothing.
private struct EntryQueue: Sendable {
    private(set) var first: Scheduler.Entry?
    private var rest: [Scheduler.Entry] = []

    init(_ entry: Scheduler.Entry) {
        first = entry
    }

    var isEmpty: Bool { first == nil }
    var entries: [Scheduler.Entry] { entries(limit: .max) }

    /// The first entry, and some of the early entries of the heap.
    func entries(limit: Int) -> [Scheduler.Entry] { (first.map { [$0] } ?? []) + rest.prefix(limit - 1) }

    mutating func insert(_ entry: Scheduler.Entry) {
        guard let head = first else {
            first = entry
            return
        }
        if entry.position < head.position {
            first = entry
            push(head)
        } else {
            push(entry)
        }
    }

    mutating func removeFirst() -> Scheduler.Entry {
        guard let entry = first else { preconditionFailure("an empty queue is next") }
        first = pop()
        return entry
    }

    private mutating func push(_ entry: Scheduler.Entry) {
        rest.append(entry)
        var child = rest.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard rest[child].position < rest[parent].position else { return }
            rest.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func pop() -> Scheduler.Entry? {
        guard let last = rest.popLast() else { return nil }
        guard let top = rest.first else { return last }
        rest[0] = last
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < rest.count else { break }
            if child + 1 < rest.count, rest[child + 1].position < rest[child].position { child += 1 }
            guard rest[child].position < rest[parent].position else { break }
            rest.swapAt(child, parent)
            parent = child
        }
        return top
    }
}
