import HTTPServing

/// The address of the running service for a command, and how to verify its identity.
package struct ServiceEndpoint: Sendable, Equatable, CustomStringConvertible {
    /// A service that listens on all addresses is reached over loopback.
    package let address: HTTPAddress
    /// `HOST:PORT` as given: a certificate is for a name, such as `localhost`.
    package let authority: String
    package let isEncrypted: Bool
    /// PEM file with the authorities to trust; nil trusts the system's, and on loopback any.
    package let caFile: String?

    package init(address: HTTPAddress, isEncrypted: Bool, caFile: String? = nil, authority: String? = nil) {
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        self.address = HTTPAddress(host: host, port: address.port)
        self.authority = authority ?? self.address.description
        self.isEncrypted = isEncrypted
        self.caFile = caFile
    }

    /// Reads `HOST:PORT`, `http://HOST:PORT` and `https://HOST:PORT`, with or without a slash at the end. Nil for any other text.
    /// - Parameter encrypted: whether an address without a scheme uses TLS.
    package init?(_ text: String, encrypted: Bool, caFile: String? = nil) {
        var (rest, isEncrypted) = (text[...], encrypted)
        for (scheme, value) in [("http://", false), ("https://", true)] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            isEncrypted = value
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let address = HTTPAddress(String(rest)), address.port > 0 else { return nil }
        let isName = rest.hasPrefix("localhost:")
        self.init(
            address: address, isEncrypted: isEncrypted, caFile: caFile, authority: isName ? String(rest) : nil)
    }

    package var description: String { "\(isEncrypted ? "https" : "http")://\(authority)" }

    /// One request.
    /// - Parameters:
    ///   - json: the request's body.
    ///   - headers: further headers.
    ///   - limit: the longest body of an answer, in bytes.
    ///   - seconds: time limit for the complete answer with TLS, and for each pause of the service without.
    package func request(
        _ method: String, _ path: String, json: [UInt8]? = nil, headers: [(name: String, value: String)] = [],
        limit: Int = HTTPProbe.answerLimit, seconds: Int = 10
    ) async -> Result<HTTPProbe.Answer, HTTPSProbe.Failure> {
        if isEncrypted {
            return await HTTPSProbe.request(
                method, path, json: json, headers: headers, at: self, limit: limit, seconds: Int64(seconds))
        }
        let answer = HTTPProbe.request(
            method, path, json: json, headers: headers, at: address, limit: limit, seconds: seconds)
        return answer.map { .success($0) } ?? .failure(HTTPSProbe.Failure(message: HTTPSProbe.Failure.unreachable))
    }
}
