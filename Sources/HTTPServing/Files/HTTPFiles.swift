import Logging

/// The files that can change while the service runs: tokens, and the certificate with its key.
struct HTTPFiles: Sendable {
    let tokens: FileValue<AccessTokens>?
    let tls: FileValue<TLSIdentity>?
    let logger: Logger

    /// How often the files are checked.
    static let pace = Duration.milliseconds(500)

    /// Why a current file is not in use; nil if all are.
    var problem: String? { tokens?.problem ?? tls?.problem }

    /// Reads changed files again.
    /// - Parameter isForced: reads and logs all files.
    func refresh(isForced: Bool = false) {
        if let tokens { tell("http.tokens_file", tokens.refresh(isForced: isForced), isForced) }
        if let tls { tell("http.tls", tls.refresh(isForced: isForced), isForced) }
    }

    private func tell<Value>(_ name: String, _ outcome: FileValue<Value>.Outcome, _ isForced: Bool) {
        switch outcome {
        case .unchanged: break
        case .replaced: logger.notice("read again", metadata: ["setting": "\(name)"])
        case .kept(let reason):
            logger.error(
                "a changed file cannot be used; the previous one stays in use",
                metadata: ["setting": "\(name)", "reason": "\(reason)"])
        }
    }
}
