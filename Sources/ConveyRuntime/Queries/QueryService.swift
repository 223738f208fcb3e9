import Conversation
import Logging
import Synchronization

/// Answers queries on threads of its own, each with its own reader: they share nothing with the threads that record, apply
/// and publish but the journal's file.
///
/// All doors (HTTP, MQTT) ask here, so a question has the same bytes for an answer at each.
public final class QueryService: Sendable {
    private struct Job: Sendable {
        /// Microseconds of the monotonic clock.
        var asked = Clocks.monotonicMicroseconds()
        let work: @Sendable (QueryExecutor, _ deadline: Int64) throws(JournalError) -> Outcome
        let refuse: @Sendable (QueryError) -> Void
    }

    private struct Outcome {
        var isAnswer: Bool
        /// Hands the answer over, once it is counted.
        var tell: () -> Void
    }

    private struct Queue: Sendable {
        var jobs: [Job] = []
        var isStopping = false
    }

    private let limits: QueryLimits
    private let openReader: @Sendable () throws(JournalError) -> any JournalReader
    private let logger: Logger
    private let queues: [Monitor<Queue>]
    private let threads = Mutex<[DedicatedThread]>([])
    private let counted = Mutex(MetricsSnapshot())

    /// - Parameter openReader: called on each answering thread, and again after a failure to read.
    public init(
        limits: QueryLimits = QueryLimits(), logger: Logger,
        openReader: @escaping @Sendable () throws(JournalError) -> any JournalReader
    ) {
        self.limits = limits
        self.openReader = openReader
        self.logger = logger
        queues = (0..<max(1, limits.workers)).map { _ in Monitor(Queue()) }
    }

    /// What has been answered since the start; everything else in it is zero.
    public var metrics: MetricsSnapshot { counted.withLock { $0 } }

    /// Starts the threads. Once only.
    public func start() {
        threads.withLock { threads in
            for queue in queues {
                threads.append(DedicatedThread(name: "convey-query") { [self] in work(queue) })
            }
        }
    }

    /// Answers what waits with `unavailable` and waits for the threads, which takes as long as the question at hand.
    public func stop() {
        for queue in queues { queue.change { $0.isStopping = true } }
        let running = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in running { thread.join() }
    }

    /// Asks. At most `queueLimit` questions wait a thread; beyond, the answer is `busy`, at once.
    /// - Parameter completion: called once, on the answering thread or on this one; it must not block.
    public func submit(_ request: QueryRequest, completion: @escaping @Sendable (QueryAnswer) -> Void) {
        let job = Job { executor, deadline throws(JournalError) in
            let answer = try executor.answer(request, deadline: deadline)
            return Outcome(isAnswer: answer.status == 200) { completion(answer) }
        } refuse: {
            completion(QueryAnswer($0))
        }
        submit(job, about: request.subject)
    }

    private func submit(_ job: Job, about subject: String) {
        let queue = queues[StableHash.partition(of: subject, count: queues.count)]
        let refusal: QueryError? = queue.change { queue in
            if queue.isStopping { return QueryError(.unavailable, "Convey is stopping") }
            guard queue.jobs.count < limits.queueLimit else {
                return QueryError(.busy, "\(queue.jobs.count) queries wait; ask again later")
            }
            queue.jobs.append(job)
            return nil
        }
        if let refusal {
            counted.withLock { $0.counters.queriesRefused += 1 }
            job.refuse(refusal)
        }
    }

    /// Asks and waits for the answer.
    public func answer(_ request: QueryRequest) async -> QueryAnswer {
        await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
    }

    /// Asks for the events behind an offset, and waits for them. Counts like any question.
    func follow(_ subject: String, after: Int64?, limit: Int) async -> Result<LivePage, QueryError> {
        await withCheckedContinuation { continuation in
            let job = Job { executor, deadline throws(JournalError) in
                let page = try executor.follow(subject, after: after, limit: limit, deadline: deadline)
                let isAnswer = if case .success = page { true } else { false }
                return Outcome(isAnswer: isAnswer) { continuation.resume(returning: page) }
            } refuse: {
                continuation.resume(returning: .failure($0))
            }
            submit(job, about: subject)
        }
    }

    // MARK: On the answering threads

    private func work(_ queue: Monitor<Queue>) {
        var executor: QueryExecutor?
        while let jobs = take(queue) {
            for job in jobs {
                let outcome = answer(job, &executor)
                let seconds = Double(Clocks.monotonicMicroseconds() - job.asked) / 1_000_000
                counted.withLock { metrics in
                    if outcome.isAnswer {
                        metrics.counters.queriesAnswered += 1
                    } else {
                        metrics.counters.queriesFailed += 1
                    }
                    metrics.querySeconds.observe(seconds)
                }
                outcome.tell()
            }
        }
    }

    /// The next question; nil to end. One at a time, so that what waits counts against the limit until its turn.
    private func take(_ queue: Monitor<Queue>) -> [Job]? {
        let (jobs, isStopping): ([Job], Bool) =
            queue.wait(until: nil) { queue in
                if queue.isStopping {
                    defer { queue.jobs = [] }
                    return (queue.jobs, true)
                }
                return queue.jobs.isEmpty ? nil : ([queue.jobs.removeFirst()], false)
            } ?? ([], true)
        guard isStopping else { return jobs }
        for job in jobs { job.refuse(QueryError(.unavailable, "Convey is stopping")) }
        return nil
    }

    private func answer(_ job: Job, _ executor: inout QueryExecutor?) -> Outcome {
        let deadline = job.asked + limits.timeLimitMicroseconds
        guard Clocks.monotonicMicroseconds() < deadline else {
            return Outcome(isAnswer: false) {
                job.refuse(QueryError(.timeout, "the question has waited too long; ask again"))
            }
        }
        do throws(JournalError) {
            let ready: QueryExecutor
            if let executor {
                ready = executor
            } else {
                ready = QueryExecutor(
                    reader: try openReader(), limits: limits, cacheBytes: limits.cacheBytes / queues.count)
                executor = ready
            }
            return try job.work(ready, deadline)
        } catch {
            // The reader may be what is wrong (the file was replaced, an I/O error): the next question opens a new one.
            executor = nil
            logger.warning("a query cannot read the journal", metadata: ["reason": "\(error)"])
            return Outcome(isAnswer: false) {
                job.refuse(QueryError(.unavailable, "the journal cannot be read: \(error.message)"))
            }
        }
    }
}
