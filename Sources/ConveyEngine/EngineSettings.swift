import EffectPort
import Conversation

/// The limits of an engine.
public struct EngineSettings: Sendable {
    public var schedulerOrder: Scheduler.Order = .roundRobin
    public var fairnessThreshold = 5
    /// A signal whose cause does not arrive within this time becomes a dead letter.
    public var causeTimeoutMilliseconds: Int64 = 300_000
    /// If more signals than this wait for causes, further ones become dead letters.
    public var parkedLimit = 10_000
    /// Maximum signals applied per transaction: bounds how long an abort waits for a commit.
    public var applyBudget = 1_024
    /// Signals of one partition applied before the next partition is served.
    public var partitionTurn = 16
    /// Conversations kept in memory; the least recently used are saved and dropped.
    public var conversationLimit = 20_000
    /// Records between two checkpoints. A checkpoint is complete after half that number: a start-up reads at most one
    /// and a half times as many.
    public var checkpointInterval: Int64 = 16_384
    /// Pending signals kept in memory with their bytes; the bytes of further ones are read back from the journal.
    public var residentSignalLimit = 10_000
    /// Effects in flight in the state of one conversation; beyond that, the signals of effects that other programs run
    /// become dead letters.
    public var inFlightLimit = 1_000
    /// Maximum conversations that may be set aside: damage to single conversations does not explain more.
    public var setAsideLimit = 10_000
    /// Maximum signals that wait in a conversation that is set aside; further ones become dead letters.
    public var heldSignalLimit = 10_000
    public var effects = EffectSettings()

    public init() {}
}
