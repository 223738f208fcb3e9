import ArgumentParser
import ConveySettings

struct NodeFlags: SettingFlags {
    @Flag(
        name: Settings.brokerEmbedded.name, inversion: .prefixedNo, help: Settings.brokerEmbedded.argumentHelp)
    var embeddedBroker: Bool?
    @Option(name: Settings.brokerSessionExpiry.name, help: Settings.brokerSessionExpiry.argumentHelp)
    var sessionExpiry: String?
    @Option(name: Settings.mqttResponseTopics.name, help: Settings.mqttResponseTopics.argumentHelp)
    var responseTopics: String?
    @Option(name: Settings.nodeName.name, help: Settings.nodeName.argumentHelp)
    var node: String?
    @Option(name: Settings.dataDirectory.name, help: Settings.dataDirectory.argumentHelp)
    var dataDirectory: String?
    @Option(name: Settings.httpAddress.name, help: Settings.httpAddress.argumentHelp)
    var httpAddress: String?
    @Option(name: Settings.httpTokensFile.name, help: Settings.httpTokensFile.argumentHelp)
    var httpTokensFile: String?
    @Option(name: Settings.httpTLSCertificateFile.name, help: Settings.httpTLSCertificateFile.argumentHelp)
    var httpTLSCertificateFile: String?
    @Option(name: Settings.httpTLSKeyFile.name, help: Settings.httpTLSKeyFile.argumentHelp)
    var httpTLSKeyFile: String?
    @Option(name: Settings.httpOrigins.name, help: Settings.httpOrigins.argumentHelp)
    var httpOrigins: String?
    @Flag(
        name: Settings.httpAllowAnonymous.name, inversion: .prefixedNo, help: Settings.httpAllowAnonymous.argumentHelp)
    var httpAllowAnonymous: Bool?
    @Option(name: Settings.httpConnectionsPerAddress.name, help: Settings.httpConnectionsPerAddress.argumentHelp)
    var httpConnectionsPerAddress: String?
    @Option(name: Settings.httpAnswerBytes.name, help: Settings.httpAnswerBytes.argumentHelp)
    var httpAnswerBytes: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.brokerEmbedded.key, embeddedBroker.map { String($0) }),
            (Settings.brokerSessionExpiry.key, sessionExpiry),
            (Settings.mqttResponseTopics.key, responseTopics), (Settings.nodeName.key, node),
            (Settings.dataDirectory.key, dataDirectory), (Settings.httpAddress.key, httpAddress),
            (Settings.httpTokensFile.key, httpTokensFile),
            (Settings.httpTLSCertificateFile.key, httpTLSCertificateFile),
            (Settings.httpTLSKeyFile.key, httpTLSKeyFile),
            (Settings.httpOrigins.key, httpOrigins),
            (Settings.httpAllowAnonymous.key, httpAllowAnonymous.map { String($0) }),
            (Settings.httpConnectionsPerAddress.key, httpConnectionsPerAddress),
            (Settings.httpAnswerBytes.key, httpAnswerBytes),
        ]
    }
}
