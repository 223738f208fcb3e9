import ArgumentParser
import ConveySettings

/// Flags of `serve` for the broker.
struct BrokerFlags: SettingFlags {
    @Option(name: Settings.brokerURL.name, help: Settings.brokerURL.argumentHelp)
    var url: String?
    @OptionGroup
    var login: BrokerLoginFlags

    var texts: [(key: SettingKey, text: String?)] { [(Settings.brokerURL.key, url)] + login.texts }
}
