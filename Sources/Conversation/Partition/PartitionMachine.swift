import Signals

/// One partition: its waiting signals, the order in which they are applied, and the directives that result.
///
/// A pure value. The shell feeds it recorded signals, asks for the next one, gives it that signal and its conversation's
/// state, and carries out the directives after the transaction that recorded them has committed.
public struct PartitionMachine: Sendable {
    public struct Selection: Sendable, Equatable {
        /// Journal position of the next signal.
        public var position: Position
        public var conversation: ConversationID
        /// Its place in the record order of its conversation.
        public var offset: Int64
        /// The hash of its record.
        public var hash: UInt64
        public var priority: Priority
        /// The `now` it was enqueued with.
        public var enqueuedAt: Int64
        /// The signal; nil when it was released to save memory and must be read from the journal.
        public var signal: Signal?
    }

    public struct Application: Sendable {
        /// Counts the applications of this partition, from 1, no gaps.
        public var applyOrder: Int64
        /// In order. The first is the marker, unless the signal is a marker itself.
        public var directives: [Directive]
        /// The signal was recorded before an abort, stop or cancel that has been applied already: effects that it orders
        /// end as canceled without an attempt.
        public var startsCanceled: Bool
        /// Number of signals that became ready through this application.
        public var released: Int
    }

    public let partition: Int
    /// The latest apply order.
    public private(set) var applyOrder: Int64
    private var scheduler: Scheduler
    /// Everything that is recorded and not applied, by journal position.
    private var waiting: [Position: Waiting] = [:]

    private struct Waiting: Sendable {
        var conversation: ConversationID
        var offset: Int64
        var hash: UInt64
        var enqueuedAt: Int64
        /// Nil once it was released.
        var signal: Signal?
    }

    public init(partition: Int, order: Scheduler.Order, fairnessThreshold: Int, applyOrder: Int64 = 0) {
        self.partition = partition
        self.applyOrder = applyOrder
        scheduler = Scheduler(order: order, fairnessThreshold: fairnessThreshold)
    }

    public var queueDepth: Int { waiting.count }
    public var parkedCount: Int { scheduler.parkedCount }
    public var hasReady: Bool { scheduler.hasReady }

    /// Whether the record at `position` waits here, that is, has not been applied.
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

    /// The signal to apply next; it stays pending until `apply`.
    public mutating func select() -> Selection? {
        guard let entry = scheduler.next() else { return nil }
        guard let selected = waiting[entry.position] else {
            preconditionFailure("partition \(partition): \(entry.position) is next but not pending")
        }
        return Selection(
            position: entry.position, conversation: entry.conversation, offset: selected.offset, hash: selected.hash,
            priority: entry.priority, enqueuedAt: selected.enqueuedAt, signal: selected.signal)
    }

    /// Sets a selected signal aside: it will not be applied.
    public mutating func discard(_ selection: Selection) {
        waiting.removeValue(forKey: selection.position)
    }

    /// Applies a selected signal to its conversation.
    public mutating func apply(
        _ selection: Selection, signal: Signal, to conversation: inout ConversationCore
    ) -> Application {
        waiting.removeValue(forKey: selection.position)
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

    /// Sets aside the entries whose cause did not arrive in time, oldest first, and returns their positions.
    public mutating func expireParked(parkedUntil time: Int64, limit: Int = .max) -> [Position] {
        scheduler.expireParked(parkedUntil: time, limit: limit).map { entry in
            waiting.removeValue(forKey: entry.position)
            return entry.position
        }
    }

    /// Notes that a signal that is never scheduled (a marker) was recorded: entries that wait for it become ready.
    public mutating func markApplied(unscheduled id: @autoclosure () -> String, conversation: ConversationID) {
        guard scheduler.isAnythingParked else { return }
        scheduler.markApplied(id: id(), conversation: conversation)
    }

    /// Sets aside the entries that wait for a signal that will not be applied, and returns their positions.
    public mutating func abandon(cause id: String, conversation: ConversationID) -> [Position] {
        scheduler.abandon(cause: id, conversation: conversation).map { entry in
            waiting.removeValue(forKey: entry.position)
            return entry.position
        }
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

    /// Releases a pending signal's bytes; `select` then returns it without them.
    public mutating func release(_ position: Position) {
        waiting[position]?.signal = nil
    }

    /// The partition's state after recovery.
    public mutating func restore(applyOrder: Int64) {
        self.applyOrder = max(self.applyOrder, applyOrder)
    }
}
