import EffectPort
import Conversation

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
