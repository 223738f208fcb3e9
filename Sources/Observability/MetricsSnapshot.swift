/// The runtime's numbers at one moment. An engine's thread owns one value, changes it while it works and publishes a
/// copy after each transaction. The value holds no heap memory, except for `rejected`, which changes seldom,
/// `partitions`, which is set when a copy is published, and the values that only a page of metrics has. So a change
/// costs an addition, and a copy about a kilobyte of `memcpy`.
public struct MetricsSnapshot: Sendable {
    /// Counters since the process started. They only grow.
    public struct Counters: Sendable, Equatable {
        /// Messages received from the broker, whatever their outcome.
        public var received: UInt64 = 0
        /// Payload bytes received from the broker.
        public var receivedBytes: UInt64 = 0
        /// Signals written to the journal, inbound and derived.
        public var recorded: UInt64 = 0
        /// Messages whose signal was already in the journal.
        public var duplicates: UInt64 = 0
        /// Signals applied by the reducer.
        public var applied: UInt64 = 0
        /// Publishes that the broker has acknowledged.
        public var published: UInt64 = 0
        /// Signals set aside because they could not be applied.
        public var deadLetters: UInt64 = 0
        /// Transactions committed.
        public var commits: UInt64 = 0
        /// Transactions that failed and were rolled back.
        public var commitFailures: UInt64 = 0
        /// Connections established to the broker, including the first.
        public var brokerConnections: UInt64 = 0
        /// Connections on which the broker had lost the session: messages may have been lost there.
        public var brokerSessionsLost: UInt64 = 0
        /// Receipts and answers withheld because their response topic is not allowed.
        public var repliesRefused: UInt64 = 0
        /// Receipts and answers that did not reach the broker: too many waited, or the broker does not accept them.
        public var repliesDropped: UInt64 = 0
        /// Events that were set aside because the broker closes the connection at them.
        public var eventsSetAside: UInt64 = 0
        /// Number of times ingress stopped reading because something downstream was full.
        public var ingressPauses: UInt64 = 0
        /// Queries answered successfully.
        public var queriesAnswered: UInt64 = 0
        /// Queries answered with an error, for any reason except that too many waited.
        public var queriesFailed: UInt64 = 0
        /// Queries refused because too many waited.
        public var queriesRefused: UInt64 = 0
        /// HTTP connections without a request that were closed to make room for others.
        public var idleConnectionsClosed: UInt64 = 0
        /// Conversations that the background verification has checked.
        public var verifiedConversations: UInt64 = 0
        /// Their records.
        public var verifiedRecords: UInt64 = 0
        /// Number of times it found an inconsistency in the journal.
        public var verificationDifferences: UInt64 = 0
        /// Conversations rebuilt from their records because their saved state could not be used.
        public var conversationsRebuilt: UInt64 = 0

        public init() {}
    }

    /// Current values.
    public struct Gauges: Sendable, Equatable {
        /// Signals recorded but not applied yet.
        public var queueDepth: Int = 0
        /// Signals that wait for their cause.
        public var parked: Int = 0
        /// The same by partition, in order; empty until the journal is open.
        public var partitions: [PartitionDepth] = []
        /// Events recorded and not yet acknowledged by the broker.
        public var outboxLag: Int = 0
        /// Conversations held in memory.
        public var conversationsCached: Int = 0
        /// Conversations that cannot be loaded: their signals wait.
        public var conversationsSetAside: Int = 0
        /// Effects without an end.
        public var openEffects: Int = 0
        /// Dead letters in the journal.
        public var deadLettersOpen: Int = 0
        /// The journal's size on disk, including its write-ahead log.
        public var journalBytes: Int = 0
        /// The process's resident memory; `ProcessMemory.residentBytes()` reads it.
        public var residentBytes: Int = 0
        /// The process's processor time; `ProcessUsage.cpuSeconds()` reads it.
        public var cpuSeconds: Double = 0
        /// When the process started; `ProcessUsage.startTime` knows it.
        public var startTime: Double = 0
        /// Clients that watch a conversation's events over HTTP.
        public var liveStreams: Int = 0
        /// Memory of answers that clients have not read yet.
        public var answerBytes: Int = 0
        /// Connections over HTTP.
        public var httpConnections: Int = 0
        /// 1 while the tokens or the certificate in force differ from the file, which is invalid.
        public var staleFiles: Int = 0
        /// When the background verification last finished a conversation, seconds since 1970; 0 before the first.
        public var verifiedAt: Int64 = 0

        public init() {}
    }

    /// The waiting signals of one partition.
    public struct PartitionDepth: Sendable, Equatable {
        /// Signals recorded but not applied yet, including parked ones.
        public var queued: Int
        /// Signals that wait for their cause.
        public var parked: Int

        public init(queued: Int, parked: Int) {
            self.queued = queued
            self.parked = parked
        }
    }

    public var counters = Counters()
    public var gauges = Gauges()
    public var rejected = RejectionCounts()
    public var effects = EffectCounts()
    /// The version of Convey; set for a page of metrics.
    public var version: String?
    /// The counts of models and tools; set for a page of metrics.
    public var models: [ModelCounts] = []
    public var tools: [ToolCounts] = []
    /// Requests over HTTP that were refused, by status; set for a page of metrics.
    public var refusedRequests: [Int: UInt64] = [:]
    /// Signals per transaction.
    public var commitBatchSize = Histogram(.items)
    /// From the begin of a transaction until its commit returned.
    public var commitSeconds = Histogram(.seconds)
    /// From a message's arrival until the commit that recorded it.
    public var recordSeconds = Histogram(.seconds)
    /// From the commit that recorded a signal until the one that applied it.
    public var applySeconds = Histogram(.seconds)
    /// From a question until its answer, waiting included.
    public var querySeconds = Histogram(.seconds)

    public init() {}

    /// Adds the numbers of another thread, so that each thread may own a separate value.
    public mutating func add(_ other: MetricsSnapshot) {
        counters.add(other.counters)
        gauges.add(other.gauges)
        rejected.add(other.rejected)
        effects.add(other.effects)
        version = version ?? other.version
        models += other.models
        tools += other.tools
        refusedRequests.merge(other.refusedRequests, uniquingKeysWith: +)
        commitBatchSize.add(other.commitBatchSize)
        commitSeconds.add(other.commitSeconds)
        recordSeconds.add(other.recordSeconds)
        applySeconds.add(other.applySeconds)
        querySeconds.add(other.querySeconds)
    }
}

extension MetricsSnapshot.Counters {
    package mutating func add(_ other: Self) {
        received += other.received
        receivedBytes += other.receivedBytes
        recorded += other.recorded
        duplicates += other.duplicates
        applied += other.applied
        published += other.published
        deadLetters += other.deadLetters
        commits += other.commits
        commitFailures += other.commitFailures
        brokerConnections += other.brokerConnections
        brokerSessionsLost += other.brokerSessionsLost
        repliesRefused += other.repliesRefused
        repliesDropped += other.repliesDropped
        eventsSetAside += other.eventsSetAside
        ingressPauses += other.ingressPauses
        queriesAnswered += other.queriesAnswered
        queriesFailed += other.queriesFailed
        queriesRefused += other.queriesRefused
        idleConnectionsClosed += other.idleConnectionsClosed
        verifiedConversations += other.verifiedConversations
        verifiedRecords += other.verifiedRecords
        verificationDifferences += other.verificationDifferences
        conversationsRebuilt += other.conversationsRebuilt
    }
}

extension MetricsSnapshot.Gauges {
    mutating func add(_ other: Self) {
        queueDepth += other.queueDepth
        parked += other.parked
        // Only one thread has partitions.
        if partitions.isEmpty { partitions = other.partitions }
        outboxLag += other.outboxLag
        conversationsCached += other.conversationsCached
        conversationsSetAside += other.conversationsSetAside
        openEffects += other.openEffects
        deadLettersOpen += other.deadLettersOpen
        journalBytes += other.journalBytes
        residentBytes += other.residentBytes
        cpuSeconds += other.cpuSeconds
        startTime = max(startTime, other.startTime)
        liveStreams += other.liveStreams
        answerBytes += other.answerBytes
        httpConnections += other.httpConnections
        staleFiles += other.staleFiles
        verifiedAt = max(verifiedAt, other.verifiedAt)
    }
}
