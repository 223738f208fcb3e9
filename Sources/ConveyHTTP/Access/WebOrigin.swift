/// The origin of a web page (RFC 6454): scheme, host and port, as browsers write it in `Origin`.
public struct WebOrigin: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// Lower case, the port behind it unless it is the scheme's own: `example.org`, `[::1]:8080`.
    public let authority: String

    /// Reads `https://example.org` or `http://127.0.0.1:8080`; nil for anything with a path, and for `null`.
    public init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        self.init(scheme: scheme, host: String(text[separator.upperBound...]))
    }

    /// - Parameter host: as in the header `Host`.
    init?(scheme: String, host: String) {
        let host = host.lowercased()
        guard !host.isEmpty, host.utf8.count <= 255,
            !host.contains(where: { $0.isWhitespace || "/?#@\\".contains($0) })
        else { return nil }
        let standard = scheme == "https" ? ":443" : ":80"
        self.scheme = scheme
        authority = host.hasSuffix(standard) ? String(host.dropLast(standard.count)) : host
    }

    public var description: String { "\(scheme)://\(authority)" }
}
