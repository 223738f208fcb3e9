import HTTPServing

/// The service's certificate and its key. Messages never contain the key file's content.
enum ServiceCertificate {
    /// Reads them; nil if none are given, or after reporting a problem.
    static func read(_ resolver: inout SettingsResolver) -> FileValue<TLSIdentity>? {
        let certificatePath = resolver.value(Settings.httpTLSCertificateFile)
        let keyPath = resolver.value(Settings.httpTLSKeyFile)
        guard let certificatePath, let keyPath else {
            if certificatePath != nil {
                resolver.report(Settings.httpTLSKeyFile.key, "is required with the certificate")
            }
            if keyPath != nil { resolver.report(Settings.httpTLSCertificateFile.key, "is required with the key") }
            return nil
        }
        let certificates = text(certificatePath, Settings.httpTLSCertificateFile.key, isSecret: false, &resolver)
        let key = text(keyPath, Settings.httpTLSKeyFile.key, isSecret: true, &resolver)
        guard let certificates, let key else { return nil }
        do throws(TLSIdentity.Problem) {
            let identity = try TLSIdentity(certificates: certificates, key: key)
            return FileValue(identity, paths: [certificatePath, keyPath]) { () throws(FileProblem) in
                try readAgain(certificatePath, keyPath)
            }
        } catch {
            switch error {
            case .certificate(let problem):
                resolver.report(Settings.httpTLSCertificateFile.key, "\(certificatePath) \(problem)")
            case .key(let problem): resolver.report(Settings.httpTLSKeyFile.key, "\(keyPath) \(problem)")
            }
            return nil
        }
    }

    private static func readAgain(
        _ certificatePath: String, _ keyPath: String
    ) throws(FileProblem) -> TLSIdentity {
        let certificates = try SecretFile.readAgain(certificatePath)
        let key = try SecretFile.readAgain(keyPath)
        do throws(TLSIdentity.Problem) {
            return try TLSIdentity(certificates: certificates, key: key)
        } catch {
            switch error {
            case .certificate(let problem): throw FileProblem("\(certificatePath) \(problem)")
            case .key(let problem): throw FileProblem("\(keyPath) \(problem)")
            }
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
                resolver.warn(key.path, "\(path) is readable by every user of this machine")
            }
            return text
        }
    }
}
