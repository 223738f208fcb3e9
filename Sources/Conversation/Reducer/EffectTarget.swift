import Signals

/// Identifies an effect of a conversation by one of the ids that people and programs know.
public struct EffectTarget: Sendable, Equatable {
    /// As in the effect's signals; nil if the target is named otherwise.
    public var effectID: String?
    /// The provider's id of a tool call.
    public var toolCallID: String?
    /// The reason given with the request; nil if there is none.
    public var reason: String?

    init(effectID: String? = nil, _ data: JSONObjectView) {
        self.effectID = effectID ?? data["effect_id"]?.string
        toolCallID = data["tool_call_id"]?.string
        reason = firstPresent(data["reason"], data["message"])?.string
    }
}
