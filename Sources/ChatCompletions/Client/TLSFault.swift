import NIOSSL

/// The meaning of a TLS error in plain words: the library's texts contain error numbers and source paths.
struct TLSFault {
    /// Follows the name of the server.
    let what: String
    /// A sentence without its full stop.
    let advice: String

    /// - Parameter address: the name for the URL in advice.
    init(_ error: any NIOSSLFailure, address: String) {
        let text = "\(error)"
        let reasons = text.matches(of: /OPENSSL_internal:([A-Z0-9_]+)/).map { String($0.1) }
        if reasons.contains(where: ["WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST"].contains) {
            what = "speaks plain HTTP, not TLS"
            advice = "Write http:// in the \(address), or the port that speaks TLS"
        } else if text.contains("EOF during handshake") || text.contains("eofDuringHandshake") {
            what = "closed the connection during the TLS handshake"
            advice = "Check the \(address): https or http, host and port"
        } else if text.contains("failedToValidateHostname") {
            what = "could not be reached over TLS: its certificate is for another host"
            advice = "Check the \(address), or give the server a certificate for its host"
        } else if reasons.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            what = "could not be reached over TLS: no trusted authority has signed its certificate, or it has expired"
            advice = "Check the \(address), and configure the authority's certificate"
        } else {
            let words = reasons.first.map { ": " + $0.replacing("_", with: " ").lowercased() } ?? ""
            what = "could not be reached over TLS\(words)"
            advice = "Check the \(address) (https or http), and that the server's certificate is valid for its host"
        }
    }
}
