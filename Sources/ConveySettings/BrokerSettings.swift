import ChatCompletions
import ConveyRuntime
import Foundation
import MQTTTransport

/// The broker settings that `serve` and the client commands share.
package struct BrokerSettings: Sendable {
    /// Host, port, credentials and TLS, from all sources.
    package let address: BrokerAddress
    /// Nil if the setting is not given: `serve` and the client commands choose different ids.
    package let clientID: String?
    package let version: MQTTVersion
    /// The prefix of every topic.
    package let root: String

    /// Reads the broker's settings and reports conflicts between them.
    package init(_ resolver: inout SettingsResolver, clientIDDefault: String?) {
        var address = resolver.value(Settings.brokerURL)
        let username = resolver.value(Settings.brokerUsername)
        let password = resolver.value(Settings.brokerPassword)
        let passwordFile = resolver.value(Settings.brokerPasswordFile)
        let files = TLSFiles(&resolver)
        clientID =
            if let clientIDDefault {
                resolver.value(Settings.brokerClientID, or: clientIDDefault)
            } else {
                resolver.value(Settings.brokerClientID)
            }
        version = resolver.value(Settings.mqttVersion)
        root = resolver.value(Settings.mqttRoot)

        if let username { address.username = username }
        if let passwordFile { address.password = Self.password(in: passwordFile, &resolver)?.reveal() }
        if let password { address.password = password.reveal() }
        if password != nil, passwordFile != nil {
            resolver.report(Settings.brokerPasswordFile.key, "conflicts with broker.password; give only one")
        }
        if address.password != nil, address.username == nil {
            resolver.report(Settings.brokerUsername.key, "is required with a password")
        }
        if address.tls != nil {
            address.tls = BrokerAddress.TLS(
                caFile: files.ca, certificateFile: files.certificate, keyFile: files.key)
        } else {
            files.reportWithoutTLS(host: address.host, &resolver)
        }
        self.address = address
    }

    /// Clients that log in must not receive each other's receipts; if every client may publish anything, it makes no
    /// difference (ADR 31).
    var responseTopicsDefault: [String] {
        let logsIn = address.username != nil || address.tls?.certificateFile != nil
        return logsIn ? ResponseTopicRule.bound : ResponseTopicRule.open
    }

    /// The first line of the file; a line feed at the end is optional.
    private static func password(in path: String, _ resolver: inout SettingsResolver) -> Secret? {
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8),
            let line = text.split(whereSeparator: \.isNewline).first
        else {
            resolver.report(Settings.brokerPasswordFile.key, "\(path) cannot be read or is empty")
            return nil
        }
        return Secret(String(line))
    }
}

/// The PEM files of a TLS connection.
private struct TLSFiles {
    let ca: String?
    let certificate: String?
    let key: String?

    init(_ resolver: inout SettingsResolver) {
        ca = Self.readableFile(Settings.brokerCAFile, &resolver)
        certificate = Self.readableFile(Settings.brokerCertificateFile, &resolver)
        key = Self.readableFile(Settings.brokerKeyFile, &resolver)
        if (certificate == nil) != (key == nil) {
            let missing = certificate == nil ? Settings.brokerCertificateFile : Settings.brokerKeyFile
            resolver.report(missing.key, "is missing: a client certificate and its key go together")
        }
    }

    func reportWithoutTLS(host: String, _ resolver: inout SettingsResolver) {
        let files = [
            (Settings.brokerCAFile, ca), (Settings.brokerCertificateFile, certificate), (Settings.brokerKeyFile, key),
        ]
        for (setting, file) in files where file != nil {
            resolver.report(setting.key, "needs TLS; write broker.url as mqtts://\(host):8883")
        }
    }

    private static func readableFile(_ setting: Setting<String?>, _ resolver: inout SettingsResolver) -> String? {
        guard let path = resolver.value(setting) else { return nil }
        if !FileManager.default.isReadableFile(atPath: path) {
            resolver.report(setting.key, "\(path) cannot be read")
        }
        return path
    }
}
