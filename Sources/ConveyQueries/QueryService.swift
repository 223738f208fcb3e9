import AnswerMemory
import Conversation
import JournalPort
import JournalReading
import Logging
import Observability
import Signals
import Synchronization
import Threads

/// Answers queries on its own threads, each with its own reader of each shard: they share only the journals' files with
/// the threads that record, apply and publish.
///
/// All endpoints (HTTP, MQTT) ask here, so a query has the same bytes as an answer at each.
public final class QueryService: Sendable {
    private struct Job: Sendable {
        let work: @Sendable (ShardedQueryExecutor, _ deadline: Int64) throws(JournalError) -> Outcome
        let refuse: @Sendable (QueryError) -> Void
    }

    private struct Outcome {
        var isAnswer: Bool
        /// Bytes of the answer in memory.
        var bytes: Int
        /// Delivers the answer with its room, once it is counted.
        var tell: (AnswerRoom) -> Void
    }

    private struct Queue: Sendable {
        var questions = QuestionQueue<Job>()
        var isStopping = false
    }

    /// Interval between checks for room while an answer waits for it.
    private static let roomPace: Int64 = 50_000

    /// The memory budget for unread answers, shared with the transports that carry them.
    public let budget: AnswerBudget
    private let limits: QueryLimits
    private let readers: ShardReaders
    private let logger: Logger
    private let heartbeats: Heartbeats
    private let queues: [Monitor<Queue>]
    private let threads = Mutex<[DedicatedThread]>([])
    private let counted = Mutex(MetricsSnapshot())

    /// Interval of an idle thread's beats.
    private static let idleMicroseconds: Int64 = 1_000_000
    /// How long a stop waits for a thread that hangs.
    private static let stopMicroseconds: Int64 = 5_000_000

    /// - Parameters:
    ///   - budget: the memory budget for answers until they have been sent.
    ///   - heartbeats: where its threads report their beats.
    ///   - readers: opened on each answering thread, and reopened after a failed read.
    package init(
        limits: QueryLimits = QueryLimits(), budget: AnswerBudget = AnswerBudget(), logger: Logger,
        heartbeats: Heartbeats = Heartbeats(), readers: ShardReaders
    ) {
        self.limits = limits
        self.budget = budget
        self.readers = readers
        self.logger = logger
        self.heartbeats = heartbeats
        queues = (0..<max(1, limits.workers)).map { _ in Monitor(Queue()) }
    }

    /// The queries answered since the start, and the memory of answers; all other values are zero.
    public var metrics: MetricsSnapshot {
        var metrics = counted.withLock { $0 }
        metrics.gauges.answerBytes = budget.used
        return metrics
    }

    /// Starts the threads. Call it only once.
    public func start() {
        threads.withLock { threads in
            for (index, queue) in queues.enumerated() {
                let beat = heartbeats.beat("query-\(index + 1)", limit: BeatLimits.query)
                threads.append(
                    DedicatedThread(name: "convey-query") { [self] in
                        work(queue, beat)
                        beat.end()
                    })
            }
        }
    }

    /// Answers waiting queries with `unavailable` and waits for the threads. This takes as long as the current query,
    /// within limits.
    public func stop() {
        for queue in queues { queue.change { $0.isStopping = true } }
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        let deadline = Clocks.monotonicMicroseconds() + Self.stopMicroseconds
        for thread in running { thread.join(until: deadline, logger: logger) }
    }

    /// Submits a query. At most `queueLimit` queries wait for each thread; beyond that the answer is `busy`, at once.
    /// - Parameters:
    ///   - asker: identifies the client; clients are served in rotation.
    ///   - completion: called once, on the answering thread or this one; it must not block. Keep the room as
    ///     long as the answer's bytes; it is nil for a refusal.
    public func submit(
        _ request: QueryRequest, asker: String = "",
        completion: @escaping @Sendable (QueryAnswer, AnswerRoom?) -> Void
    ) {
        let job = Job { executor, deadline throws(JournalError) in
            let answer = try executor.answer(request, deadline: deadline)
            return Outcome(isAnswer: answer.status == 200, bytes: answer.body.count) { completion(answer, $0) }
        } refuse: {
            completion(QueryAnswer($0), nil)
        }
        submit(job, asker: asker, about: request.subject)
    }

    private func submit(_ job: Job, asker: String, about subject: String) {
        let queue = queues[StableHash.partition(of: subject, count: queues.count)]
        let entry = QuestionQueue<Job>.Entry(job: job, asker: asker, asked: Clocks.monotonicMicroseconds())
        let refused: (job: Job, error: QueryError)? = queue.change { queue in
            if queue.isStopping { return (job, QueryError(.unavailable, "Convey is stopping")) }
            guard let refused = queue.questions.add(entry, limit: limits.queueLimit) else { return nil }
            return (refused.job, QueryError(.busy, "\(queue.questions.count) queries wait; ask again later"))
        }
        if let refused { refuse(refused.job, refused.error) }
    }

    private func refuse(_ job: Job, _ error: QueryError) {
        counted.withLock { $0.counters.queriesRefused += 1 }
        job.refuse(error)
    }

    /// Submits a query and waits for the answer, whose bytes the client releases at once.
    public func answer(_ request: QueryRequest, asker: String = "") async -> QueryAnswer {
        await heldAnswer(request, asker: asker).answer
    }

    /// Submits a query and waits for the answer and its room, which must be kept as long as the answer's bytes.
    public func heldAnswer(
        _ request: QueryRequest, asker: String
    ) async -> (answer: QueryAnswer, room: AnswerRoom?) {
        await withCheckedContinuation { continuation in
            submit(request, asker: asker) { continuation.resume(returning: ($0, $1)) }
        }
    }

    /// Requests the events after an offset, and waits for them. Counts like any query.
    /// - Parameter bytes: approximate maximum size; the first event is returned whatever its size.
    func follow(
        _ subject: String, after: Int64?, limit: Int, bytes: Int, asker: String
    ) async -> Result<LivePage, QueryError> {
        await withCheckedContinuation { continuation in
            let job = Job { executor, deadline throws(JournalError) in
                let page = try executor.follow(subject, after: after, limit: limit, bytes: bytes, deadline: deadline)
                switch page {
                case .success(var page):
                    return Outcome(isAnswer: true, bytes: page.bytes) { room in
                        page.room = room
                        continuation.resume(returning: .success(page))
                    }
                case .failure(let error):
                    return Outcome(isAnswer: false, bytes: 0) { _ in continuation.resume(returning: .failure(error)) }
                }
            } refuse: {
                continuation.resume(returning: .failure($0))
            }
            submit(job, asker: asker, about: subject)
        }
    }

    /// Lists or shows dead letters, and waits for the answer. Counts like any query.
    package func deadLetters(_ read: DeadLetterRead) async -> Result<DeadLetterPage, JournalError> {
        await withCheckedContinuation { continuation in
            let job = Job { executor, _ throws(JournalError) in
                let page = try executor.deadLetters(read)
                let bytes = page.letters.reduce(0) { $0 + $1.value.signal.data.count }
                return Outcome(isAnswer: true, bytes: bytes) { _ in continuation.resume(returning: .success(page)) }
            } refuse: {
                continuation.resume(returning: .failure(JournalError(.busy, $0.message)))
            }
            submit(job, asker: "", about: "")
        }
    }

    // MARK: On the answering threads

    private func work(_ queue: Monitor<Queue>, _ beat: ThreadBeat) {
        let executor = ShardedQueryExecutor(
            readers, limits: limits, cacheBytes: limits.cacheBytes / queues.count
        ) { [logger] shard, error in
            logger.warning(
                "a shard cannot be read; lists leave it out",
                metadata: ["shard": .stringConvertible(shard), "reason": "\(error)"])
        }
        while var question = take(queue, beat) {
            beat.turn()
            let deadline = question.asked + limits.timeLimitMicroseconds
            if question.needs > 0, Clocks.monotonicMicroseconds() >= deadline {
                let held = "\(budget.used) bytes of answers wait to be read"
                refuse(question.job, QueryError(.busy, "\(held); ask again later"))
                continue
            }
            guard let outcome = answer(question.job, deadline, executor) else { continue }
            guard let room = budget.take(outcome.bytes) else {
                // Nothing of it is kept: the answer is built again when there is room.
                question.needs = outcome.bytes
                queue.change { [question] in $0.questions.putBack(question) }
                continue
            }
            count(outcome.isAnswer, asked: question.asked)
            outcome.tell(room)
        }
    }

    private func count(_ isAnswer: Bool, asked: Int64) {
        let seconds = Double(Clocks.monotonicMicroseconds() - asked) / 1_000_000
        counted.withLock { metrics in
            if isAnswer { metrics.counters.queriesAnswered += 1 } else { metrics.counters.queriesFailed += 1 }
            metrics.querySeconds.observe(seconds)
        }
    }

    /// The next query; nil to end. Takes one at a time, so that waiting queries count against the limit until they are
    /// served.
    private func take(_ queue: Monitor<Queue>, _ beat: ThreadBeat) -> QuestionQueue<Job>.Entry? {
        while true {
            let waitsForRoom = queue.change { $0.questions.waitsForRoom }
            let pace = waitsForRoom ? Self.roomPace : Self.idleMicroseconds
            let deadline = Clocks.monotonicMicroseconds() + pace
            beat.turn()
            let next: Next? = queue.wait(until: deadline) { queue in
                if queue.isStopping { return .end(queue.questions.removeAll()) }
                return queue.questions.next(
                    now: Clocks.monotonicMicroseconds(), patience: limits.timeLimitMicroseconds,
                    hasRoom: budget.hasRoom
                ).map { .question($0) }
            }
            switch next {
            case nil: continue
            case .question(let question): return question
            case .end(let waiting):
                for question in waiting { question.job.refuse(QueryError(.unavailable, "Convey is stopping")) }
                return nil
            }
        }
    }

    private enum Next: Sendable {
        case question(QuestionQueue<Job>.Entry)
        case end([QuestionQueue<Job>.Entry])
    }

    /// The result of a query; nil if it has been refused.
    private func answer(_ job: Job, _ deadline: Int64, _ executor: ShardedQueryExecutor) -> Outcome? {
        guard Clocks.monotonicMicroseconds() < deadline else {
            count(false, asked: deadline - limits.timeLimitMicroseconds)
            job.refuse(QueryError(.timeout, "the query has waited too long; ask again"))
            return nil
        }
        do throws(JournalError) {
            return try job.work(executor, deadline)
        } catch {
            logger.warning("a query cannot read the journal", metadata: ["reason": "\(error)"])
            count(false, asked: deadline - limits.timeLimitMicroseconds)
            job.refuse(QueryError(.unavailable, "the journal cannot be read: \(error.message)"))
            return nil
        }
    }
}
