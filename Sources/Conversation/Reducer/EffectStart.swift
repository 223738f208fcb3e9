public struct EffectStart: Sendable, Equatable {
    /// Reproducible: derived from the class and the causing signal's id.
    public var effectID: String
    public var effectClass: EffectClass
    /// The kind of work: `generation`, `execution` or `wait`.
    public var kind: String
    /// The causing signal's data: a JSON object.
    public var input: [UInt8]
    /// `data.effect_policy` as spelled, any kind of JSON; nil if there is none.
    public var policy: [UInt8]?
    /// Generations that ended in tool calls since the last message; above 0 the effect continues an answer.
    public var round = 0
    /// The id of the answered message; nil if the effect's own id names it.
    public var answers: String?

    package init(
        effectID: String, effectClass: EffectClass, kind: String, input: [UInt8], policy: [UInt8]?, round: Int = 0,
        answers: String? = nil
    ) {
        self.effectID = effectID
        self.effectClass = effectClass
        self.kind = kind
        self.input = input
        self.policy = policy
        self.round = round
        self.answers = answers
    }
}
