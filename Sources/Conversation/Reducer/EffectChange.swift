import Signals

/// What an effect's lifecycle signal says about what is in flight.
struct EffectChange {
    let effectID: String
    /// Nil for an effect that ended.
    let progress: ConversationState.EffectProgress?

    /// Nil where the data name no effect or no lifecycle that is known.
    init?(_ data: JSONObjectView) {
        guard let effectID = data["effect_id"]?.string, let lifecycle = data["lifecycle"]?.string else { return nil }
        switch lifecycle {
        case "started": progress = .started
        case "progress": progress = .progress
        case "completed", "failed", "canceled": progress = nil
        default: return nil
        }
        self.effectID = effectID
    }
}
