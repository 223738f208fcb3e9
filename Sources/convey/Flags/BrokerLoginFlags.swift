import ArgumentParser
import ConveySettings

/// The login at the broker, and the protocol.
struct BrokerLoginFlags: SettingFlags {
    @Option(name: Settings.brokerUsername.name, help: Settings.brokerUsername.argumentHelp)
    var username: String?
    @Option(name: Settings.brokerPassword.name, help: Settings.brokerPassword.argumentHelp)
    var password: String?
    @Option(name: Settings.brokerPasswordFile.name, help: Settings.brokerPasswordFile.argumentHelp)
    var passwordFile: String?
    @Option(name: Settings.brokerCAFile.name, help: Settings.brokerCAFile.argumentHelp)
    var caFile: String?
    @Option(name: Settings.brokerCertificateFile.name, help: Settings.brokerCertificateFile.argumentHelp)
    var certificateFile: String?
    @Option(name: Settings.brokerKeyFile.name, help: Settings.brokerKeyFile.argumentHelp)
    var keyFile: String?
    @Option(name: Settings.brokerClientID.name, help: Settings.brokerClientID.argumentHelp)
    var clientID: String?
    @Option(name: Settings.mqttVersion.name, help: Settings.mqttVersion.argumentHelp)
    var version: String?
    @Option(name: Settings.mqttRoot.name, help: Settings.mqttRoot.argumentHelp)
    var root: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.brokerUsername.key, username),
            (Settings.brokerPassword.key, password), (Settings.brokerPasswordFile.key, passwordFile),
            (Settings.brokerCAFile.key, caFile), (Settings.brokerCertificateFile.key, certificateFile),
            (Settings.brokerKeyFile.key, keyFile), (Settings.brokerClientID.key, clientID),
            (Settings.mqttVersion.key, version), (Settings.mqttRoot.key, root),
        ]
    }
}
