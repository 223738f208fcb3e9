import ArgumentParser
import ConveySettings

struct EffectFlags: SettingFlags {
    @Option(name: Settings.effectsOpenLimit.name, help: Settings.effectsOpenLimit.argumentHelp)
    var openLimit: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.effectsOpenLimit.key, openLimit)
        ]
    }
}
