import ConveyEngine
import EffectPort

extension EngineSettings {
    /// The settings of one of several shards: limits on the process's memory are divided, so that their sum stays the
    /// same.
    ///
    /// Conversations are spread evenly, so a shard seldom needs more than its part. Slots for attempts are not divided:
    /// shards share them (`EffectPlaces`).
    func divided(among shards: Int) -> EngineSettings {
        guard shards > 1 else { return self }
        func part(_ limit: Int) -> Int { max(1, (limit + shards - 1) / shards) }
        var settings = self
        settings.parkedLimit = part(parkedLimit)
        settings.conversationLimit = part(conversationLimit)
        settings.residentSignalLimit = part(residentSignalLimit)
        settings.setAsideLimit = part(setAsideLimit)
        settings.heldSignalLimit = part(heldSignalLimit)
        settings.effects.timerLimit = part(effects.timerLimit)
        settings.effects.streamedTextLimit = part(effects.streamedTextLimit)
        settings.effects.llm.queueLimit = part(effects.llm.queueLimit)
        settings.effects.tool.queueLimit = part(effects.tool.queueLimit)
        return settings
    }
}
