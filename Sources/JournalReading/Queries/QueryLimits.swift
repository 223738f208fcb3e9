import Conversation

/// What queries may cost.
public struct QueryLimits: Sendable {
    /// Threads that answer, each with its own reader and its own conversations (by subject): a long question about one
    /// conversation does not hold up those about most others.
    public var workers = 2
    /// Questions that wait for one thread; beyond, `busy`. A second of work where most take a millisecond.
    public var queueLimit = 256
    /// How long a question may take, waiting included; beyond, `timeout`. Most HTTP clients give up not much later, and the
    /// HTTP service after 5 seconds.
    public var timeLimitMicroseconds: Int64 = 4_000_000
    /// What all threads together keep of conversations to answer the next question from, in bytes, roughly.
    public var cacheBytes = 32 * 1_024 * 1_024
    /// Where a page of events or of a timeline ends, whatever its `limit`, and what messages of a context come to: far below what brokers take as a message.
    public var answerBytes = 4 * 1_024 * 1_024
    /// Records that one question about events looks at before it answers with what it has found and where to go on.
    public var scanLimit = 20_000
    /// Subjects looked at in one read transaction: two milliseconds.
    public var subjectStep = 10_000
    /// Subjects that one question for conversations looks at: a fifth of a second.
    public var subjectScanLimit = 1_000_000
    /// Conversations with wanted subjects that are put in the order of their last activity, some 10 µs each; where there are
    /// more, the journal is read backwards.
    public var sortLimit = 2_000
    /// Records of a conversation that a trace looks at, the newest: it keeps a link of each in memory meanwhile.
    public var traceLimit = 50_000
    /// Maximum distance in records between two events of one answer in a timeline.
    public var answerGap = TimelineProjection.Options.standardAnswerGap
    /// Entries of a timeline that are kept for the next question; a page of an older part is made anew.
    public var retainedEntries = 2_000

    public init() {}
}
