import Signals

/// One partition: its waiting signals, the order in which they are applied, and the resulting directives.
///
/// A pure value. The shell feeds it recorded signals, asks for the next one, gives it that signal and its conversation's
/// state, and carries out the directives after the transaction that recorded them has committed.
public struct PartitionMachine: Sendable {
    public struct Selection: Sendable, Equatable {
        /// Journal position of the next signal.
        public var position: Position
        public var conversation: ConversationID
        /// Its offset in its conversation.
        public var offset: Int64
        /// The hash of its record.
        public var hash: UInt64
        public var priority: Priority
        /// The `now` it was enqueued with.
        public var enqueuedAt: Int64
        /// The signal; without its data if `isReleased`.
        public var signal: Signal
        /// The data was dropped to save memory and must be read from the journal.
        public var isReleased: Bool
    }

    public struct Application: Sendable {
        /// Counts the signals applied in this partition, from 1, without gaps.
        public var applyOrder: Int64
        /// In order. The first is the marker, unless the signal is a marker itself.
        public var directives: [Directive]
        /// The signal was recorded before an abort, stop or cancel that has already been applied: effects that it
        /// orders end as canceled without an attempt.
        public var startsCanceled: Bool
        /// Number of signals that became ready through this one.
        public var released: Int
    }

    public let partition: Int
    /// The latest apply order.
    public private(set) var applyOrder: Int64
    private var scheduler: Scheduler
    /// All signals that are recorded but not applied, by journal position.
    private var waiting: [Position: Waiting] = [:]

    private struct Waiting: Sendable {
        var conversation: ConversationID
        var offset: Int64
        var hash: UInt64
        var enqueuedAt: Int64
        /// Without its data after it was released.
        var signal: Signal
        var isReleased = false

        func recorded(at position: Position) -> RecordedSignal {
            RecordedSignal(
                signal: signal, position: position, conversation: conversation, offset: offset, hash: hash)
        }
    }

    public init(partition: Int, order: Scheduler.Order, fairnessThreshold: Int, applyOrder: Int64 = 0) {
        self.partition = partition
        self.applyOrder = applyOrder
        scheduler = Scheduler(order: order, fairnessThreshold: fairnessThreshold)
    }

    public var queueDepth: Int { waiting.count }
    public var parkedCount: Int { scheduler.parkedCount }
    public var isAnythingParked: Bool { scheduler.isAnythingParked }
    public var hasReady: Bool { scheduler.hasReady }

    /// Whether the record at `position` is pending, that is, has not been applied.
    public func isPending(_ position: Position) -> Bool { waiting[position] != nil }

    /// Adds a recorded signal.
    /// - Parameters:
    ///   - cause: what is known of the signal's cause in this conversation.
    ///   - now: milliseconds of a clock that does not run backwards.
    public mutating func enqueue(_ recorded: RecordedSignal, cause: Scheduler.CauseStatus, now: Int64) {
        let signal = recorded.signal
        waiting[recorded.position] = Waiting(
            conversation: recorded.conversation, offset: recorded.offset, hash: recorded.hash, enqueuedAt: now,
            signal: signal)
        scheduler.enqueue(
            Scheduler.Entry(
                position: recorded.position, conversation: recorded.conversation, id: signal.id,
                priority: Priority(type: signal.type), cause: signal.cause),
            cause: cause, now: now)
    }

    /// The signal to apply next, if one is ready. It stays the next one until it is applied or discarded, or another one overtakes it.
    public func next() -> Selection? { scheduler.peek().map(selection) }

    /// The signals to be applied soon, approximately in order.
    public func upcoming(limit: Int) -> [Selection] { scheduler.upcoming(limit: limit).map(selection) }

    /// The signals that become ready when another one is applied.
    public func dependents(of id: String, conversation: ConversationID) -> [Selection] {
        scheduler.dependents(of: id, conversation: conversation).map(selection)
    }

    private func selection(_ entry: Scheduler.Entry) -> Selection {
        guard let selected = waiting[entry.position] else {
            preconditionFailure("partition \(partition): \(entry.position) is ready but not pending")
        }
        return Selection(
            position: entry.position, conversation: entry.conversation, offset: selected.offset, hash: selected.hash,
            priority: entry.priority, enqueuedAt: selected.enqueuedAt, signal: selected.signal,
            isReleased: selected.isReleased)
    }

    /// Removes the next signal.
    private mutating func take(_ selection: Selection) {
        let entry = scheduler.next()
        precondition(entry?.position == selection.position, "partition \(partition): \(selection.position) is not next")
        waiting.removeValue(forKey: selection.position)
    }

    /// Sets the next signal aside: it will not be applied.
    public mutating func discard(_ selection: Selection) { take(selection) }

    /// Applies the next signal to its conversation.
    /// - Parameter signal: the signal with its data.
    public mutating func apply(
        _ selection: Selection, signal: Signal, to conversation: inout ConversationCore
    ) -> Application {
        take(selection)
        applyOrder += 1
        let recorded = RecordedSignal(
            signal: signal, position: selection.position, conversation: selection.conversation,
            offset: selection.offset, hash: selection.hash)
        let directives = conversation.apply(recorded, priority: selection.priority)
        let released = scheduler.markApplied(id: signal.id, conversation: selection.conversation)
        return Application(
            applyOrder: applyOrder, directives: directives,
            startsCanceled: selection.offset < conversation.canceledThrough, released: released)
    }

    /// Removes the signals whose cause did not arrive in time, and returns them, oldest first. Released ones have no
    /// data.
    public mutating func expireParked(parkedUntil time: Int64, limit: Int = .max) -> [RecordedSignal] {
        scheduler.expireParked(parkedUntil: time, limit: limit).compactMap { remove($0.position) }
    }

    private mutating func remove(_ position: Position) -> RecordedSignal? {
        waiting.removeValue(forKey: position)?.recorded(at: position)
    }

    /// Notes that a signal that is never scheduled (a marker) was recorded: entries that wait for it become ready.
    public mutating func markApplied(unscheduled id: @autoclosure () -> String, conversation: ConversationID) {
        guard scheduler.isAnythingParked else { return }
        scheduler.markApplied(id: id(), conversation: conversation)
    }

    /// Removes the signals that wait for one that will not be applied, and returns them. Released ones have no data.
    public mutating func abandon(cause id: String, conversation: ConversationID) -> [RecordedSignal] {
        scheduler.abandon(cause: id, conversation: conversation).compactMap { remove($0.position) }
    }

    /// Removes all waiting signals of a conversation without applying them.
    /// - Returns: the number of signals removed.
    public mutating func withdraw(conversation: ConversationID) -> Int {
        scheduler.withdraw(conversation: conversation)
        let positions = waiting.filter { $0.value.conversation == conversation }.keys
        for position in positions { waiting[position] = nil }
        return positions.count
    }

    /// When the longest-parked signal was parked, in the milliseconds given to `enqueue`.
    public mutating func oldestParkedAt() -> Int64? { scheduler.oldestParkedAt() }

    /// Drops a pending signal's data.
    public mutating func release(_ position: Position) {
        waiting[position]?.signal.data = []
        waiting[position]?.isReleased = true
    }

    /// The partition's state after recovery.
    public mutating func restore(applyOrder: Int64) {
        self.applyOrder = max(self.applyOrder, applyOrder)
    }
}
