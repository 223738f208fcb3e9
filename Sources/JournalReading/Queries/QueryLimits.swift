import Conversation

/// Limits for the cost of queries.
public struct QueryLimits: Sendable {
    /// Threads that answer, each with its own reader and its own conversations (by subject): a long query about one
    /// conversation does not delay those about most others.
    public var workers = 2
    /// Queries that wait for one thread; beyond that, `busy`. A second of work, as most take a millisecond.
    public var queueLimit = 256
    /// Maximum time for a query, waiting included; beyond that, `timeout`. Most HTTP clients give up not much later,
    /// and the HTTP service after 5 seconds.
    public var timeLimitMicroseconds: Int64 = 4_000_000
    /// Approximate bytes that all threads together cache of conversations to answer further queries.
    public var cacheBytes = 32 * 1_024 * 1_024
    /// Maximum size of a page of events or of a timeline, whatever its `limit`, and of the messages of a context: far
    /// below the message size that brokers accept.
    public var answerBytes = 4 * 1_024 * 1_024
    /// Records that one query about events reads before it returns what it has found and where to continue.
    public var scanLimit = 20_000
    /// Subjects scanned in one read transaction: two milliseconds.
    public var subjectStep = 10_000
    /// Subjects that one query for conversations scans: a fifth of a second.
    public var subjectScanLimit = 1_000_000
    /// Maximum matching conversations to sort by last activity, about 10 µs each; if there are more, the journal is
    /// read backwards.
    public var sortLimit = 2_000
    /// Records of a conversation that a trace reads, the newest ones: it keeps a link for each in memory meanwhile.
    public var traceLimit = 50_000
    /// Maximum distance in records between two events of one answer in a timeline.
    public var answerGap = TimelineProjection.Options.standardAnswerGap
    /// Entries of a timeline that are cached for the next query; a page of an older part is built again.
    public var retainedEntries = 2_000

    public init() {}
}
