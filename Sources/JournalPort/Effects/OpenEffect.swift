import Conversation
import Signals

/// An effect without a terminal signal. Its row exists exactly until then.
public struct OpenEffect: Sendable, Equatable {
    public var key: EffectKey
    public var conversation: ConversationID
    public var subject: String
    public var effectClass: EffectClass
    /// `generation`, `execution`, `wait`.
    public var kind: String
    /// The id as in the signals: `llm-generation-{id of the causing signal}`.
    public var effectID: String
    /// Id of the causing signal.
    public var causeID: String
    /// The newest attempt that was started; 0 if there was none.
    public var attempt: Int
    /// Generations of the answer that ended in tool calls before this effect.
    public var round: Int
    /// The id of the answered message, if the effect's own id does not name it.
    public var answers: String?
    /// `effect_policy` as spelled; nil if there is none.
    public var policy: [UInt8]?
    /// When a timer fires, or the time before which no attempt is made: microseconds since 1970; nil for at once.
    public var dueAt: Int64?
    /// It waits for a person's approval.
    public var awaitsApproval: Bool

    /// Whether it retries a failed answer. A retry waits for its turn like a new answer, whatever its round. Its key is the key of the failed
    /// generation with another ordinal; the ordinal of all other generations is 0.
    public var isRetry: Bool { effectClass == .llm && key.ordinal > 0 }

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
