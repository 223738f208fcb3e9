import ArgumentParser
import ConveySettings

/// Flags of client commands for the broker: those of `serve`, all but the first hidden from the short help.
struct ClientBrokerFlags: SettingFlags {
    @Option(
        name: Settings.brokerURL.name,
        help: ArgumentHelp(
            "The broker: mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS. Its flags for login and TLS: --help-hidden.",
            valueName: Settings.brokerURL.key.placeholder?.lowercased() ?? ""))
    var url: String?
    @OptionGroup(visibility: .hidden)
    var login: BrokerLoginFlags

    var texts: [(key: SettingKey, text: String?)] { [(Settings.brokerURL.key, url)] + login.texts }
}
