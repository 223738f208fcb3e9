import Signals

/// One partition: what waits, in which order it is applied, and what its application orders.
///
/// A pure value. The shell feeds it recorded signals, asks for the next one, gives it that signal and its conversation's
/// state, and carries out the directives after the transaction that recorded them has committed.
public struct PartitionMachine: Sendable {
    public struct Selection: Sendable, Equatable {
        /// Journal position of the signal whose turn it is.
        public var position: Int64
        public var conversation: Int64
        /// Its place in the record order of its conversation.
        public var offset: Int64
        public var priority: Priority
        /// The `now` it was enqueued with.
        public var enqueuedAt: Int64
        /// The signal; nil when it was let go to save memory and has to be read from the journal.
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
        /// How many signals this one's application made ready.
        public var released: Int
    }

    public let partition: Int
    /// The newest apply order given.
    public private(set) var applyOrder: Int64
    private var scheduler: Scheduler
    /// Everything that is recorded and not applied, by journal position.
    private var waiting: [Int64: Waiting] = [:]

    private struct Waiting: Sendable {
        var conversation: Int64
        var offset: Int64
        var enqueuedAt: Int64
        /// nil once it was let go.
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
    public var hasReadyControl: Bool { scheduler.hasReadyControl }
    public var pendingPositions: some Sequence<Int64> { waiting.keys }

    /// Whether the record at `position` waits here, that is, has not been applied.
    public func isPending(_ position: Int64) -> Bool { waiting[position] != nil }

    /// Takes in a recorded signal.
    /// - Parameters:
    ///   - offset: its place in the record order of its conversation.
    ///   - cause: what is known of the signal's cause in this conversation.
    ///   - now: milliseconds of a clock that does not run backwards.
    public mutating func enqueue(
        _ signal: Signal, position: Int64, conversation: Int64, offset: Int64, cause: Scheduler.CauseStatus, now: Int64
    ) {
        waiting[position] = Waiting(conversation: conversation, offset: offset, enqueuedAt: now, signal: signal)
        scheduler.enqueue(
            Scheduler.Entry(
                sequence: UInt64(position), conversation: conversation, id: signal.id,
                priority: Priority(type: signal.type), cause: signal.cause),
            cause: cause, now: now)
    }

    /// The signal whose turn it is; it stays pending until `apply`.
    public mutating func select() -> Selection? {
        guard let entry = scheduler.next() else { return nil }
        let position = Int64(entry.sequence)
        guard let selected = waiting[position] else {
            preconditionFailure("partition \(partition): \(position) has a turn but is not pending")
        }
        return Selection(
            position: position, conversation: entry.conversation, offset: selected.offset, priority: entry.priority,
            enqueuedAt: selected.enqueuedAt, signal: selected.signal)
    }

    /// Sets a selected signal aside: it will not be applied.
    public mutating func discard(_ selection: Selection) {
        waiting.removeValue(forKey: selection.position)
    }

    /// Applies a selected signal to its conversation.
    /// - Parameters:
    ///   - canceledThrough: the newest offset of an applied abort, stop or cancel of the conversation; moved forward here.
    public mutating func apply(
        _ selection: Selection, signal: Signal, state: inout ConversationState, canceledThrough: inout Int64
    ) -> Application {
        waiting.removeValue(forKey: selection.position)
        applyOrder += 1
        let directives = Self.reduce(
            signal, position: selection.position, priority: selection.priority, offset: selection.offset,
            partition: partition, state: &state, canceledThrough: &canceledThrough)
        let released = scheduler.markApplied(id: signal.id, conversation: selection.conversation)
        return Application(
            applyOrder: applyOrder, directives: directives, startsCanceled: selection.offset < canceledThrough,
            released: released)
    }

    /// The part of an application that changes the conversation: what recovery and verification repeat.
    public static func reduce(
        _ signal: Signal, position: Int64, priority: Priority, offset: Int64, partition: Int,
        state: inout ConversationState, canceledThrough: inout Int64
    ) -> [Directive] {
        if priority == .control { canceledThrough = max(canceledThrough, offset) }
        let directives = Reducer.apply(
            signal, priority: priority, partition: partition, schedulerSequence: UInt64(position), to: &state)
        guard signal.isForked else { return directives }
        // What followed from it stands behind it, copied too: it must not follow again.
        return directives.filter { directive in
            switch directive {
            case .emitAppliedMarker: true
            case .startEffect, .cancelEffects, .emitOutput, .decide, .cancelEffect: false
            }
        }
    }

    /// Sets the entries aside whose cause did not come, oldest first, and returns their positions.
    public mutating func expireParked(parkedUntil time: Int64, limit: Int = .max) -> [Int64] {
        scheduler.expireParked(parkedUntil: time, limit: limit).map { entry in
            let position = Int64(entry.sequence)
            waiting.removeValue(forKey: position)
            return position
        }
    }

    /// Tells that a signal is recorded that was never scheduled (a marker): what waited for it becomes ready.
    public mutating func markApplied(unscheduled id: @autoclosure () -> String, conversation: Int64) {
        guard scheduler.isAnythingParked else { return }
        scheduler.markApplied(id: id(), conversation: conversation)
    }

    /// Sets aside what waits for a signal that will not be applied, and returns the positions.
    public mutating func abandon(cause id: String, conversation: Int64) -> [Int64] {
        scheduler.abandon(cause: id, conversation: conversation).map { entry in
            let position = Int64(entry.sequence)
            waiting.removeValue(forKey: position)
            return position
        }
    }

    /// Takes out everything that waits in a conversation; nothing of it is applied.
    /// - Returns: how many signals that were.
    public mutating func withdraw(conversation: Int64) -> Int {
        scheduler.withdraw(conversation: conversation)
        let positions = waiting.filter { $0.value.conversation == conversation }.keys
        for position in positions { waiting[position] = nil }
        return positions.count
    }

    /// When the longest-parked signal was parked, in the milliseconds given to `enqueue`.
    public mutating func oldestParkedAt() -> Int64? { scheduler.oldestParkedAt() }

    /// Lets go of a pending signal's bytes; `select` then returns it without them.
    public mutating func release(_ position: Int64) {
        waiting[position]?.signal = nil
    }

    /// What recovery knows of the partition.
    public mutating func restore(applyOrder: Int64) {
        self.applyOrder = max(self.applyOrder, applyOrder)
    }
}
