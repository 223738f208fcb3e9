import Logging

/// The files that HTTP is served with and that may change while it is: tokens, and the certificate with its key.
struct HTTPFiles: Sendable {
    let tokens: FileValue<AccessTokens>?
    let tls: FileValue<TLSIdentity>?
    let logger: Logger

    /// Between two looks.
    static let pace = Duration.milliseconds(500)

    /// Why a file as it is now is not in force; nil where all are.
    var problem: String? { tokens?.problem ?? tls?.problem }

    /// Reads again what has changed.
    /// - Parameter isForced: reads everything, and says so.
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
                "a changed file cannot be used; what was read before stays in force",
                metadata: ["setting": "\(name)", "reason": "\(reason)"])
        }
    }
}
