import Foundation

/// How to reach the broker: what `serve` and the client commands share.
struct BrokerSettings: Sendable {
    let url: BrokerURL
    let username: String?
    let password: Secret?
    let caFile: String?
    let certificateFile: String?
    let keyFile: String?
    /// Nil when the setting is left out: `serve` and the client commands choose different ones.
    let clientID: String?
    let sessionExpiry: Duration
    let version: MQTTVersionSetting
    /// What every topic starts with.
    let root: String

    /// Reads the broker's settings and reports what does not fit together.
    init(_ resolver: inout SettingsResolver, clientIDDefault: String?) {
        url = resolver.value(Settings.brokerURL)
        let username = resolver.value(Settings.brokerUsername)
        let password = resolver.value(Settings.brokerPassword)
        let passwordFile = resolver.value(Settings.brokerPasswordFile)
        caFile = Self.readableFile(Settings.brokerCAFile, &resolver)
        certificateFile = Self.readableFile(Settings.brokerCertificateFile, &resolver)
        keyFile = Self.readableFile(Settings.brokerKeyFile, &resolver)
        clientID =
            if let clientIDDefault {
                resolver.value(Settings.brokerClientID, or: clientIDDefault)
            } else {
                resolver.value(Settings.brokerClientID)
            }
        sessionExpiry = resolver.value(Settings.brokerSessionExpiry)
        version = resolver.value(Settings.mqttVersion)
        root = resolver.value(Settings.mqttRoot)

        self.username = username ?? url.username
        let passwords = [password, passwordFile.flatMap { Self.password(in: $0, &resolver) }, url.password]
        self.password = passwords.lazy.compactMap(\.self).first
        if password != nil, passwordFile != nil {
            resolver.report(Settings.brokerPasswordFile.key, "is given, and so is broker.password; give one of them")
        }
        if self.password != nil, self.username == nil {
            resolver.report(Settings.brokerUsername.key, "is missing, though there is a password")
        }
        checkTLS(&resolver)
    }

    private func checkTLS(_ resolver: inout SettingsResolver) {
        if (certificateFile == nil) != (keyFile == nil) {
            let missing = certificateFile == nil ? Settings.brokerCertificateFile : Settings.brokerKeyFile
            resolver.report(missing.key, "is missing: a client certificate and its key go together")
        }
        guard !url.usesTLS else { return }
        let files = [
            (Settings.brokerCAFile, caFile), (Settings.brokerCertificateFile, certificateFile),
            (Settings.brokerKeyFile, keyFile),
        ]
        for (setting, file) in files where file != nil {
            resolver.report(setting.key, "needs TLS; write broker.url as mqtts://\(url.host):8883")
        }
    }

    private static func readableFile(_ setting: Setting<String?>, _ resolver: inout SettingsResolver) -> String? {
        guard let path = resolver.value(setting) else { return nil }
        if !FileManager.default.isReadableFile(atPath: path) {
            resolver.report(setting.key, "\(path) cannot be read")
        }
        return path
    }

    /// The first line of the file; a file that ends without a line feed is as good.
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
