import Conversation
import Signals

/// Names an effect of a shard: the record whose application ordered it, and which of that record's effects it is. Stable across
/// restarts, unlike a random id, and unique where two producers used the same signal id. `DerivedIDs.key` names it among the
/// effects of all shards.
public struct EffectKey: Hashable, Sendable, CustomStringConvertible {
    public var cause: Position
    public var ordinal: Int

    public init(cause: Position, ordinal: Int) {
        self.cause = cause
        self.ordinal = ordinal
    }

    /// `{position}-{ordinal}`.
    public var description: String { "\(cause)-\(ordinal)" }

    /// Reads a `description`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let cause = Int64(parts[0]), let ordinal = Int(parts[1]), ordinal >= 0 else {
            return nil
        }
        self.init(cause: Position(cause), ordinal: ordinal)
    }
}

/// An effect whose row cannot be read. It concerns its conversation only.
public struct UnreadableEffect: Error, Sendable, Equatable {
    public var key: EffectKey
    public var conversation: ConversationID
    public var reason: String

    public init(key: EffectKey, conversation: ConversationID, reason: String) {
        self.key = key
        self.conversation = conversation
        self.reason = reason
    }
}

/// An effect without a terminal signal. Its row exists exactly as long as that is so.
public struct OpenEffect: Sendable, Equatable {
    public var key: EffectKey
    public var conversation: ConversationID
    public var subject: String
    public var effectClass: EffectClass
    /// `generation`, `execution`, `wait`.
    public var kind: String
    /// The id as it stands in the signals: `llm-generation-{id of the causing signal}`.
    public var effectID: String
    /// Id of the causing signal.
    public var causeID: String
    /// The newest attempt that was started; 0 when none was.
    public var attempt: Int
    /// Generations of the answer that ended in tool calls before this effect.
    public var round: Int
    /// The id of the message that is answered, where the effect's own id does not name it.
    public var answers: String?
    /// `effect_policy` as it is spelled; nil when there is none.
    public var policy: [UInt8]?
    /// When a timer fires, and before when no attempt is made: microseconds since 1970; nil for at once.
    public var dueAt: Int64?
    /// It waits for a person's approval.
    public var awaitsApproval: Bool

    public init(
        key: EffectKey, conversation: ConversationID, subject: String, effectClass: EffectClass, kind: String,
        effectID: String, causeID: String, attempt: Int = 0, round: Int = 0, answers: String? = nil,
        policy: [UInt8]? = nil, dueAt: Int64? = nil, awaitsApproval: Bool = false
    ) {
        self.key = key
        self.conversation = conversation
        self.subject = subject
        self.effectClass = effectClass
        self.kind = kind
        self.effectID = effectID
        self.causeID = causeID
        self.attempt = attempt
        self.round = round
        self.answers = answers
        self.policy = policy
        self.dueAt = dueAt
        self.awaitsApproval = awaitsApproval
    }
}
