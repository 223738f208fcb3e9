import NIOSSL

/// A certificate and its key: who the service is to those who connect with TLS.
public struct TLSIdentity: Sendable {
    /// What is wrong, and with which of the two. Says nothing of the key.
    public enum Problem: Error, Sendable, Equatable {
        case certificate(String)
        case key(String)
    }

    let configuration: TLSConfiguration

    /// - Parameters:
    ///   - certificates: PEM, the service's own first, then those between it and one that clients know.
    ///   - key: PEM, without a pass phrase.
    public init(certificates: String, key: String) throws(Problem) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(Array(certificates.utf8))
        } catch {
            throw .certificate("holds no certificate in the form of PEM")
        }
        guard !chain.isEmpty else { throw .certificate("holds no certificate in the form of PEM") }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        } catch {
            throw .key("holds no key in the form of PEM without a pass phrase")
        }
        // TLS 1.2 is the oldest that browsers still take (RFC 8996).
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .key("is not the key of the certificate")
        }
        self.configuration = configuration
    }
}
