import Signals

/// Selects the signal of a partition to apply next.
///
/// An entry is *ready* when it has no cause or its cause has been applied in the same conversation; until then it is
/// *parked*. Ready entries are selected by the lowest priority number; after `fairnessThreshold` selections in a row at
/// one priority, the next higher number with a ready entry is selected once. A pure value: the same calls give the same
/// choices. Choosing, enqueueing and unparking cost O(log n).
public struct Scheduler: Sendable {
    /// The order within one priority.
    public enum Order: String, Sendable, CaseIterable {
        /// Conversations alternate; each conversation's own entries keep record order.
        case roundRobin = "round_robin"
        /// Strict record order across conversations.
        case arrival
    }

    public struct Entry: Sendable, Equatable {
        /// Unique, and increases in record order.
        public var position: Position
        public var conversation: ConversationID
        public var id: String
        public var priority: Priority
        public var cause: Cause

        public init(position: Position, conversation: ConversationID, id: String, priority: Priority, cause: Cause) {
            self.position = position
            self.conversation = conversation
            self.id = id
            self.priority = priority
            self.cause = cause
        }
    }

    /// The state of an entry's cause at the time the entry is added.
    public enum CauseStatus: Sendable {
        /// There is none, or it has been applied.
        case applied
        /// It is recorded and will be applied.
        case pending
        /// It is unknown: the entry waits for a limited time.
        case unknown
    }

    /// The state of fairness between selections.
    public struct State: Sendable, Equatable {
        public var lastPriority: Priority?
        public var consecutive: Int

        public init(lastPriority: Priority? = nil, consecutive: Int = 0) {
            self.lastPriority = lastPriority
            self.consecutive = consecutive
        }
    }

    public let fairnessThreshold: Int
    public private(set) var state: State
    private var lanes: [ReadyLane]
    private var parking = Parking()

    public init(order: Order = .roundRobin, fairnessThreshold: Int = 5, state: State = State()) {
        self.fairnessThreshold = fairnessThreshold
        self.state = state
        lanes = Priority.allCases.map { _ in ReadyLane(order: order) }
    }

    /// Entries that wait for an unknown cause.
    public var parkedCount: Int { parking.timedCount }
    public var isAnythingParked: Bool { !parking.isEmpty }
    public var hasReady: Bool { lanes.contains { !$0.isEmpty } }

    /// Adds an entry: to the ready ones if its cause is applied, otherwise to the parked ones.
    /// - Parameter now: any clock in milliseconds that does not run backwards; `expireParked` compares with it.
    public mutating func enqueue(_ entry: Entry, cause: CauseStatus, now: Int64 = 0) {
        switch cause {
        case .applied: lanes[Int(entry.priority.rawValue)].insert(entry)
        case .pending: parking.park(entry, now: nil)
        case .unknown: parking.park(entry, now: now)
        }
    }

    /// The entry that `next` would take, or nil if none is ready.
    public func peek() -> Entry? { choosePriority().flatMap { lanes[Int($0.rawValue)].first } }

    /// The entries to be taken soon, approximately in order; entries enqueued meanwhile may come before them.
    func upcoming(limit: Int) -> [Entry] {
        var entries: [Entry] = []
        for lane in lanes where entries.count < limit { entries += lane.upcoming(limit: limit - entries.count) }
        return entries
    }

    /// The entries that become ready when the signal `id` is applied.
    func dependents(of id: String, conversation: ConversationID) -> [Entry] {
        parking.entries(cause: id, conversation: conversation)
    }

    /// Takes the next entry, or nil if none is ready.
    public mutating func next() -> Entry? {
        guard let priority = choosePriority(), let entry = lanes[Int(priority.rawValue)].removeFirst() else {
            return nil
        }
        if state.lastPriority == priority {
            state.consecutive += 1
        } else {
            state = State(lastPriority: priority, consecutive: 1)
        }
        return entry
    }

    /// Notes that the signal `id` has been applied: entries that wait for it become ready.
    /// - Returns: the number of those entries.
    @discardableResult
    public mutating func markApplied(id: String, conversation: ConversationID) -> Int {
        let entries = parking.release(cause: id, conversation: conversation)
        for entry in entries { lanes[Int(entry.priority.rawValue)].insert(entry) }
        return entries.count
    }

    /// Removes and returns the entries that wait for the signal `id`, which will not be applied, in record order.
    public mutating func abandon(cause id: String, conversation: ConversationID) -> [Entry] {
        parking.release(cause: id, conversation: conversation)
    }

    /// Removes all entries of a conversation.
    public mutating func withdraw(conversation: ConversationID) {
        for index in lanes.indices { lanes[index].withdraw(conversation: conversation) }
        parking.withdraw(conversation: conversation)
    }

    /// Removes and returns the entries parked at or before `time`, oldest first.
    public mutating func expireParked(parkedUntil time: Int64, limit: Int = .max) -> [Entry] {
        parking.expire(until: time, limit: limit)
    }

    /// When the longest-parked entry was parked; nil if none is parked.
    public mutating func oldestParkedAt() -> Int64? { parking.oldest() }

    private func choosePriority() -> Priority? {
        var lowest: Priority?
        var escape: Priority?
        for priority in Priority.allCases where !lanes[Int(priority.rawValue)].isEmpty {
            if lowest == nil { lowest = priority }
            if let last = state.lastPriority, priority > last, escape == nil { escape = priority }
        }
        let isStarving = state.consecutive >= fairnessThreshold
        return isStarving ? (escape ?? lowest) : lowest
    }
}
