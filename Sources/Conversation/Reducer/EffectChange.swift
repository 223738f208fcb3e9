import Signals

/// How an effect's lifecycle signal changes what is in flight.
struct EffectChange {
    let effectID: String
    /// Nil for an effect that has ended.
    let progress: ConversationState.EffectProgress?

    /// Nil if the data has no effect id or no known lifecycle.
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
