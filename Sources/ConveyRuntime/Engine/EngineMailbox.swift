import ConveyEngine
import EffectPort
import JournalPort
import Signals
import Threads

/// The inputs of other threads for the engine's thread. Every list in it is bounded: ingress counts the messages that
/// it has handed over, and attempts wait while `reportLimit` reports have not been taken yet.
final class EngineMailbox: Sendable {
    /// The result of a batch of ingress.
    final class Ticket: Sendable {
        private let result = Monitor<Result<[RecordOutcome], JournalError>?>(nil)
        private let onComplete: @Sendable () -> Void

        init(onComplete: @escaping @Sendable () -> Void) {
            self.onComplete = onComplete
        }

        func complete(_ outcome: Result<[RecordOutcome], JournalError>) {
            result.change { $0 = outcome }
            onComplete()
        }

        /// - Parameter deadline: microseconds, monotonic; nil waits without limit.
        /// - Returns: nil if the deadline has passed.
        func wait(until deadline: Int64?) -> Result<[RecordOutcome], JournalError>? {
            result.wait(until: deadline) { $0 }
        }

        var isComplete: Bool { result.change { $0 != nil } }

        /// Why nothing of the batch was recorded; nil while that is undecided, and if all of it was recorded.
        var failure: JournalError? {
            result.change { if case .failure(let error) = $0 { error } else { nil } }
        }
    }

    /// A batch of ingress.
    struct Batch: Sendable {
        let inbound: [InboundSignal]
        let ticket: Ticket
    }

    /// Dead letters to move, and the task that waits for the commit.
    struct DeadLetterTicket: Sendable {
        let move: DeadLetterMove
        let answer: @Sendable (Result<[DeadLetterOutcome], JournalError>) -> Void
    }

    /// A signal that did not come from the broker, and the task that waits for the commit.
    struct PostTicket: Sendable {
        let inbound: InboundSignal
        let answer: @Sendable (Result<RecordOutcome, JournalError>) -> Void
    }

    struct Contents {
        /// In order of arrival; one transaction takes all of them.
        var batches: [Batch] = []
        var posts: [PostTicket] = []
        var deadLetters: [DeadLetterTicket] = []
        var reports: [EffectReport] = []
        var unpublished: [UnpublishedEvent] = []
        var outboxCursor: Position?
        /// Names of tools whose workers have connected; the settings bound their number.
        var availableTools: Set<String> = []
        /// Other shards may have freed slots for attempts.
        var mayHavePlaces = false
        var isStopping = false
        /// Why the mailbox accepts nothing any more; nil while it is open.
        fileprivate var closedBy: JournalError?
        fileprivate var waiting: [CheckedContinuation<Void, Never>] = []

        /// The cursor alone is no reason to commit: it is written with the next transaction, or the next tick.
        var isUrgent: Bool {
            !batches.isEmpty || !posts.isEmpty || !reports.isEmpty || !deadLetters.isEmpty || !unpublished.isEmpty
                || mayHavePlaces || isStopping || !availableTools.isEmpty
        }

        /// Adds a ticket whose sender waits for the answer.
        /// - Parameter full: the text after the limit if the list is full.
        /// - Returns: why it is not accepted.
        mutating func add<Ticket>(
            _ ticket: Ticket, to list: WritableKeyPath<Contents, [Ticket]>, limit: Int, _ full: String
        ) -> JournalError? {
            if let closedBy { return closedBy }
            if isStopping { return EngineMailbox.closed }
            guard self[keyPath: list].count < limit else { return JournalError(.busy, "\(limit) \(full)") }
            self[keyPath: list].append(ticket)
            return nil
        }
    }

    private let contents = Monitor(Contents())
    /// Maximum reports of all shards' attempts that have not been taken yet.
    static let reportLimit = 10_000
    private let reportLimit: Int
    /// There are few operators.
    static let deadLetterLimit = 16
    /// Each poster waits for the commit, so this is the number of concurrent posts; one transaction takes them all.
    static let postLimit = 500

    /// - Parameter shards: the number of mailboxes that share the process's limit of reports.
    init(shards: Int = 1) {
        reportLimit = max(1, Self.reportLimit / shards)
    }

    /// Hands a batch over. A batch is refused if the previous one has failed: the broker sends both again, in order.
    /// - Parameters:
    ///   - previous: the previous batch of the same connection.
    ///   - onComplete: called on the engine's thread, or before this returns.
    func hand(
        over inbound: [InboundSignal], behind previous: Ticket? = nil,
        onComplete: @escaping @Sendable () -> Void = {}
    ) -> Ticket {
        let ticket = Ticket(onComplete: onComplete)
        let refusal = contents.change { contents -> JournalError? in
            // Check here: once the engine continues after a failure, every later batch knows of it.
            if let refusal = contents.closedBy ?? previous?.failure { return refusal }
            contents.batches.append(Batch(inbound: inbound, ticket: ticket))
            return nil
        }
        if let refusal { ticket.complete(.failure(refusal)) }
        return ticket
    }

    /// Hands a batch over and waits until it is durable.
    func submit(_ inbound: [InboundSignal]) -> Result<[RecordOutcome], JournalError> {
        // Without a deadline `wait` returns only when there is a result.
        hand(over: inbound).wait(until: nil) ?? .failure(Self.closed)
    }

    static let closed = JournalError(.inputOutput, "the engine has stopped")

    /// Closes the mailbox; pending submissions fail. The first error is kept.
    func close(with error: JournalError = EngineMailbox.closed) {
        let left = contents.change { contents in
            contents.closedBy = contents.closedBy ?? error
            return Self.empty(&contents)
        }
        left.fail(with: error)
        for continuation in left.waiting { continuation.resume() }
    }

    /// Hands a report over; waits while too many have not been taken.
    func submit(_ report: EffectReport) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let mayGoOn = contents.change { contents in
                if contents.closedBy == nil { contents.reports.append(report) }
                guard contents.closedBy == nil, contents.reports.count > reportLimit else { return true }
                contents.waiting.append(continuation)
                return false
            }
            if mayGoOn { continuation.resume() }
        }
    }

    /// Hands a signal over and waits until it is durable.
    func submit(_ inbound: InboundSignal) async -> Result<RecordOutcome, JournalError> {
        await withCheckedContinuation { continuation in
            let ticket = PostTicket(inbound: inbound) { continuation.resume(returning: $0) }
            let refusal = contents.change {
                $0.add(ticket, to: \.posts, limit: Self.postLimit, "signals wait to be recorded")
            }
            if let refusal { ticket.answer(.failure(refusal)) }
        }
    }

    /// Hands a request over and waits for the commit it is part of.
    func submit(_ move: DeadLetterMove) async -> Result<[DeadLetterOutcome], JournalError> {
        await withCheckedContinuation { continuation in
            let ticket = DeadLetterTicket(move: move) { continuation.resume(returning: $0) }
            let refusal = contents.change {
                $0.add(
                    ticket, to: \.deadLetters, limit: Self.deadLetterLimit, "requests about dead letters wait already")
            }
            if let refusal { ticket.answer(.failure(refusal)) }
        }
    }

    func moveOutboxCursor(to position: Position) {
        contents.change { $0.outboxCursor = max($0.outboxCursor ?? position, position) }
    }

    /// Records an audit signal about an event. The cursor must not pass the event before this call, so that the signal
    /// is recorded no later than the cursor is moved.
    func setAside(_ event: UnpublishedEvent) {
        contents.change { $0.unpublished.append(event) }
    }

    /// Puts back the events of a failed transaction, in front of later ones.
    func putBack(_ events: [UnpublishedEvent]) {
        guard !events.isEmpty else { return }
        contents.change { $0.unpublished = events + $0.unpublished }
    }

    /// Makes the engine request slots for its attempts again.
    func placesAreFree() {
        contents.change { $0.mayHavePlaces = true }
    }

    /// Has calls made at once that wait for a worker of the tool.
    func toolIsAvailable(_ tool: String) {
        contents.change { _ = $0.availableTools.insert(tool) }
    }

    func stop() {
        contents.change { $0.isStopping = true }
    }

    /// Waits for work. Returns at the deadline (microseconds, monotonic) with what there is, if anything.
    /// - Parameter mayGoOn: a further reason to return; checked when something was handed over or the cursor moved.
    func take(until deadline: Int64?, orWhen mayGoOn: () -> Bool = { false }) -> Contents {
        let taken = contents.wait(until: deadline) { contents -> Contents? in
            guard contents.isUrgent || mayGoOn() else { return nil }
            return Self.empty(&contents)
        }
        let result = taken ?? contents.change { Self.empty(&$0) }
        for continuation in result.waiting { continuation.resume() }
        return result
    }

    private static func empty(_ contents: inout Contents) -> Contents {
        let taken = contents
        contents = Contents()
        contents.isStopping = taken.isStopping
        contents.closedBy = taken.closedBy
        return taken
    }
}

extension EngineMailbox.Contents {
    /// Tells all waiting tasks that nothing was done.
    func fail(with error: JournalError) {
        for batch in batches { batch.ticket.complete(.failure(error)) }
        for ticket in posts { ticket.answer(.failure(error)) }
        for ticket in deadLetters { ticket.answer(.failure(error)) }
    }
}
