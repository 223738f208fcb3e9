import ArgumentParser
import ConveySettings
import Foundation

extension Setting {
    /// The flag's name for ArgumentParser.
    var name: NameSpecification { .customLong(key.flag) }

    /// The flag's help: what it is, the default, the environment variable.
    var argumentHelp: ArgumentHelp {
        let standard = (key.defaultText ?? key.defaultNote).map { " Default: \($0)." } ?? ""
        return ArgumentHelp(
            "\(key.help)\(standard) [\(key.environment[0]), \(key.path)]",
            valueName: key.placeholder?.lowercased() ?? "")
    }
}

/// Flags whose values are settings. They stay texts here, so that every bad one is reported together with those from
/// the environment and the file.
protocol SettingFlags: ParsableArguments {
    /// The settings of these flags, with the texts of those that were given.
    var texts: [(key: SettingKey, text: String?)] { get }
}

extension SettingFlags {
    var given: [SettingKey: String] {
        Dictionary(uniqueKeysWithValues: texts.compactMap { pair in pair.text.map { (pair.key, $0) } })
    }
}

struct ConfigFileFlag: ParsableArguments {
    @Option(name: .customLong("config"), help: "A YAML file with settings. [CONVEY_CONFIG]", completion: .file())
    var file: String?
}

struct BrokerFlags: SettingFlags {
    @Option(name: Settings.brokerURL.name, help: Settings.brokerURL.argumentHelp)
    var url: String?
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
            (Settings.brokerURL.key, url), (Settings.brokerUsername.key, username),
            (Settings.brokerPassword.key, password), (Settings.brokerPasswordFile.key, passwordFile),
            (Settings.brokerCAFile.key, caFile), (Settings.brokerCertificateFile.key, certificateFile),
            (Settings.brokerKeyFile.key, keyFile), (Settings.brokerClientID.key, clientID),
            (Settings.mqttVersion.key, version), (Settings.mqttRoot.key, root),
        ]
    }
}

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

struct EngineFlags: SettingFlags {
    @Option(name: Settings.ingressBatchLimit.name, help: Settings.ingressBatchLimit.argumentHelp)
    var ingressBatchLimit: String?
    @Option(name: Settings.ingressMaxPayloadBytes.name, help: Settings.ingressMaxPayloadBytes.argumentHelp)
    var ingressMaxPayloadBytes: String?
    @Option(name: Settings.journalPartitions.name, help: Settings.journalPartitions.argumentHelp)
    var journalPartitions: String?
    @Option(name: Settings.journalShards.name, help: Settings.journalShards.argumentHelp)
    var journalShards: String?
    @Option(name: Settings.schedulerOrder.name, help: Settings.schedulerOrder.argumentHelp)
    var schedulerOrder: String?
    @Option(name: Settings.schedulerFairnessThreshold.name, help: Settings.schedulerFairnessThreshold.argumentHelp)
    var schedulerFairnessThreshold: String?
    @Option(name: Settings.schedulerCauseTimeout.name, help: Settings.schedulerCauseTimeout.argumentHelp)
    var schedulerCauseTimeout: String?
    @Option(name: Settings.schedulerParkedLimit.name, help: Settings.schedulerParkedLimit.argumentHelp)
    var schedulerParkedLimit: String?
    @Option(name: Settings.queueLimit.name, help: Settings.queueLimit.argumentHelp)
    var queueLimit: String?
    @Option(name: Settings.outboxWindow.name, help: Settings.outboxWindow.argumentHelp)
    var outboxWindow: String?
    @Option(name: Settings.outboxLimit.name, help: Settings.outboxLimit.argumentHelp)
    var outboxLimit: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.ingressBatchLimit.key, ingressBatchLimit),
            (Settings.ingressMaxPayloadBytes.key, ingressMaxPayloadBytes),
            (Settings.journalPartitions.key, journalPartitions), (Settings.journalShards.key, journalShards),
            (Settings.schedulerOrder.key, schedulerOrder),
            (Settings.schedulerFairnessThreshold.key, schedulerFairnessThreshold),
            (Settings.schedulerCauseTimeout.key, schedulerCauseTimeout),
            (Settings.schedulerParkedLimit.key, schedulerParkedLimit), (Settings.queueLimit.key, queueLimit),
            (Settings.outboxWindow.key, outboxWindow), (Settings.outboxLimit.key, outboxLimit),
        ]
    }
}

struct EffectFlags: SettingFlags {
    @Option(name: Settings.effectsOpenLimit.name, help: Settings.effectsOpenLimit.argumentHelp)
    var openLimit: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.effectsOpenLimit.key, openLimit)
        ]
    }
}

struct OperationFlags: SettingFlags {
    @Option(name: Settings.logLevel.name, help: Settings.logLevel.argumentHelp)
    var logLevel: String?
    @Option(name: Settings.logFormat.name, help: Settings.logFormat.argumentHelp)
    var logFormat: String?
    @Option(name: Settings.shutdownTimeout.name, help: Settings.shutdownTimeout.argumentHelp)
    var shutdownTimeout: String?
    @Flag(
        name: Settings.verifyBackground.name, inversion: .prefixedNo, help: Settings.verifyBackground.argumentHelp)
    var verifyBackground: Bool?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.logLevel.key, logLevel), (Settings.logFormat.key, logFormat),
            (Settings.shutdownTimeout.key, shutdownTimeout),
            (Settings.verifyBackground.key, verifyBackground.map { String($0) }),
        ]
    }
}
