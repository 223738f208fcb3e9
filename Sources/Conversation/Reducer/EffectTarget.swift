import Signals

/// Names an effect of a conversation, in one of the ways in which a person or a program knows it.
public struct EffectTarget: Sendable, Equatable {
    /// As it stands in the effect's signals; nil when it is named otherwise.
    public var effectID: String?
    /// The provider's id of a tool call.
    public var toolCallID: String?
    /// Why, in the words of who asked; nil when there are none.
    public var reason: String?

    init(effectID: String? = nil, _ data: JSONObjectView) {
        self.effectID = effectID ?? data["effect_id"]?.string
        toolCallID = data["tool_call_id"]?.string
        reason = firstPresent(data["reason"], data["message"])?.string
    }
}
