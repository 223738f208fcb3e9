import NIOSSL

/// The service's certificate and its key.
package struct TLSIdentity: Sendable {
    /// Which of the two is invalid and why. Never contains the key.
    package enum Problem: Error, Sendable, Equatable {
        case certificate(String)
        case key(String)
    }

    let configuration: TLSConfiguration

    /// - Parameters:
    ///   - certificates: PEM, the service's own certificate first, then the intermediate ones.
    ///   - key: PEM, without a pass phrase.
    package init(certificates: String, key: String) throws(Problem) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMBytes(Array(certificates.utf8))
        } catch {
            throw .certificate("contains no PEM certificate")
        }
        guard !chain.isEmpty else { throw .certificate("contains no PEM certificate") }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)
        } catch {
            throw .key("contains no PEM key without a pass phrase")
        }
        // The oldest version that browsers accept (RFC 8996).
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
