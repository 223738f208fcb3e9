import Conversation
import JournalPort
import Signals

/// What one transaction is asked to take in.
public struct EngineInput: Sendable {
    public var inbound: [InboundSignal] = []
    public var reports: [EffectReport] = []
    public var deadLetterMoves: [DeadLetterMove] = []
    /// Events that the broker does not take.
    public var unpublished: [UnpublishedEvent] = []
    /// Everything up to here has been acknowledged by the broker, or set aside.
    public var outboxCursor: Position?
    /// Signals that may be applied, control signals not counted; nil for as many as a transaction takes.
    public var applications: Int?
    /// Attempts that may run from now on; nil leaves it at what it was, at first what the settings say.
    package var places: PlaceLimits?

    public init() {}

    public var isEmpty: Bool {
        inbound.isEmpty && reports.isEmpty && deadLetterMoves.isEmpty && unpublished.isEmpty && outboxCursor == nil
    }
}

/// The time of a transaction, given from outside so that tests can choose it.
public struct EngineTime: Sendable {
    /// Microseconds since 1970: what is recorded.
    public var wall: Int64
    /// Milliseconds of a clock that does not run backwards: what time-outs are measured with.
    public var monotonic: Int64

    public init(wall: Int64, monotonic: Int64) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

/// A message from the broker, after the contract has looked at it.
public enum InboundSignal: Sendable {
    case accepted(Signal)
    case rejected(RejectedMessage)
}

public struct RejectedMessage: Sendable {
    /// The conversation named by the topic; nil where it names none.
    public var subject: String?
    public var topic: String
    public var payload: [UInt8]
    public var rejection: Rejection
    /// It came so soon after a session was resumed that the broker may be sending it again. (libmosquitto does not hand out
    /// the DUP flag.)
    public var mayBeRedelivery: Bool

    public init(
        subject: String?, topic: String, payload: [UInt8], rejection: Rejection, mayBeRedelivery: Bool
    ) {
        self.subject = subject
        self.topic = topic
        self.payload = payload
        self.rejection = rejection
        self.mayBeRedelivery = mayBeRedelivery
    }
}

/// What became of an inbound message. Holds once the transaction has committed.
public enum RecordOutcome: Sendable, Equatable {
    case recorded(id: String, subject: String, offset: Int64)
    case duplicate(id: String, subject: String, offset: Int64)
    case rejected(subject: String?, Rejection)
}

/// What the effect manager has to do once the transaction has committed.
public enum EffectOrder: Sendable, Equatable {
    /// The attempt's `started` signal is recorded: run it.
    case run(EffectAttempt)
    /// The effect has ended: stop its attempt.
    case stop(EffectKey)
}

/// The result of a committed transaction: now it may be acted on.
public struct EngineOutput: Sendable {
    /// One outcome per inbound signal, in the same order.
    public var outcomes: [RecordOutcome] = []
    /// One a dead-letter request, in the same order.
    public var deadLetterOutcomes: [[DeadLetterOutcome]] = []
    /// Ascending by position.
    public var outbound: [OutboundEvent] = []
    public var orders: [EffectOrder] = []
    /// Signals applied.
    public var applied = 0
    /// Records written.
    public var recorded = 0

    public init() {}
}

/// The limits an engine works under.
public struct EngineSettings: Sendable {
    public var schedulerOrder: Scheduler.Order = .roundRobin
    public var fairnessThreshold = 5
    /// A signal whose cause does not come within this time becomes a dead letter.
    public var causeTimeoutMilliseconds: Int64 = 300_000
    /// With more signals than this waiting for causes, further ones become dead letters.
    public var parkedLimit = 10_000
    /// Signals applied in one transaction at the most: what bounds how long an abort waits for a commit.
    public var applyBudget = 1_024
    /// Signals of one partition applied before the next partition has its turn.
    public var partitionTurn = 16
    /// Conversations kept in memory; the least recently used are saved and dropped.
    public var conversationLimit = 20_000
    /// Records between two checkpoints. A checkpoint is complete half of them later: a start-up reads one and a half times as
    /// many at the most.
    public var checkpointInterval: Int64 = 16_384
    /// Pending signals kept in memory with their bytes; the bytes of further ones are read back from the journal.
    public var residentSignalLimit = 10_000
    /// Effects in flight in the state of one conversation; with more, the signals of effects that others run become dead
    /// letters.
    public var inFlightLimit = 1_000
    /// Conversations that may be set aside: more cannot be loaded than damage to some of them would explain.
    public var setAsideLimit = 10_000
    /// Signals that wait in a conversation that is set aside; further ones become dead letters.
    public var heldSignalLimit = 10_000
    public var effects = EffectSettings()

    public init() {}
}
