import HTTPServing

extension AccessPolicy {
    /// Reads the access rules for HTTP; nil if HTTP is off, or after reporting a problem.
    init?(_ resolver: inout SettingsResolver, address: HTTPAddress?, isEncrypted: Bool) {
        let path = resolver.value(Settings.httpTokensFile)
        let origins = Set(resolver.value(Settings.httpOrigins) ?? [])
        let allowsAnonymous = resolver.value(Settings.httpAllowAnonymous)
        var tokens: FileValue<AccessTokens>?
        if let path {
            guard let read = Self.tokens(in: path, &resolver) else { return nil }
            tokens = read
        }
        guard let address else { return nil }
        if !address.isLoopback, tokens == nil, allowsAnonymous {
            resolver.warn(
                Settings.httpAllowAnonymous.key.path, "anyone who can reach \(address) may read and change everything")
        }
        do throws(HTTPServiceError) {
            try self.init(
                address: address, tokensFile: tokens, origins: origins, isEncrypted: isEncrypted,
                allowsAnonymous: allowsAnonymous)
        } catch {
            resolver.report(
                Settings.httpAddress.key,
                "\(address) can be reached from other machines: give http.tokens_file, or set http.allow_anonymous"
                    + " if a proxy or a published port controls access")
            return nil
        }
    }

    private static func tokens(
        in path: String, _ resolver: inout SettingsResolver
    ) -> FileValue<AccessTokens>? {
        switch SecretFile.read(path) {
        case .unusable(let problem):
            resolver.report(Settings.httpTokensFile.key, problem)
            return nil
        case .text(let text, let isReadableByOthers):
            if isReadableByOthers {
                resolver.warn(Settings.httpTokensFile.key.path, "\(path) is readable by every user of this machine")
            }
            do throws(TokensFile.Problem) {
                let tokens = try TokensFile.parse(text)
                return FileValue(tokens, paths: [path]) { () throws(FileProblem) in
                    try readAgain(path)
                }
            } catch {
                resolver.report(Settings.httpTokensFile.key, "\(path):\(error.line): \(error.message)")
                return nil
            }
        }
    }

    private static func readAgain(_ path: String) throws(FileProblem) -> AccessTokens {
        let text = try SecretFile.readAgain(path)
        do throws(TokensFile.Problem) {
            return try TokensFile.parse(text, allowsNone: true)
        } catch {
            throw FileProblem("\(path):\(error.line): \(error.message)")
        }
    }
}
