import ConveyHTTP

extension TLSIdentity {
    /// Reads the service's certificate; nil where there is none, or where something is wrong, which is reported. What is in the
    /// key's file stands in no message.
    init?(_ resolver: inout SettingsResolver) {
        let certificatePath = resolver.value(Settings.httpTLSCertificateFile)
        let keyPath = resolver.value(Settings.httpTLSKeyFile)
        guard let certificatePath, let keyPath else {
            if certificatePath != nil { resolver.report(Settings.httpTLSKeyFile.key, "is needed with the certificate") }
            if keyPath != nil { resolver.report(Settings.httpTLSCertificateFile.key, "is needed with the key") }
            return nil
        }
        let certificates = Self.text(certificatePath, Settings.httpTLSCertificateFile.key, isSecret: false, &resolver)
        let key = Self.text(keyPath, Settings.httpTLSKeyFile.key, isSecret: true, &resolver)
        guard let certificates, let key else { return nil }
        do throws(TLSIdentity.Problem) {
            try self.init(certificates: certificates, key: key)
        } catch {
            switch error {
            case .certificate(let problem):
                resolver.report(Settings.httpTLSCertificateFile.key, "\(certificatePath) \(problem)")
            case .key(let problem): resolver.report(Settings.httpTLSKeyFile.key, "\(keyPath) \(problem)")
            }
            return nil
        }
    }

    private static func text(
        _ path: String, _ key: SettingKey, isSecret: Bool, _ resolver: inout SettingsResolver
    ) -> String? {
        switch SecretFile.read(path) {
        case .unusable(let problem):
            resolver.report(key, problem)
            return nil
        case .text(let text, let isReadableByOthers):
            if isSecret, isReadableByOthers {
                resolver.warn(key.path, "\(path) can be read by everybody on this machine")
            }
            return text
        }
    }
}
