/// The origin of a web page (RFC 6454): scheme, host and port, as browsers write it in `Origin`.
package struct WebOrigin: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    package let scheme: String
    /// Host in lower case, with the port unless it is the scheme's default: `example.org`, `[::1]:8080`.
    package let authority: String

    /// Reads `https://example.org` or `http://127.0.0.1:8080`; nil for anything with a path, and for `null`.
    package init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        self.init(scheme: scheme, host: String(text[separator.upperBound...]))
    }

    /// - Parameter host: the value of the header `Host`.
    init?(scheme: String, host: String) {
        let host = host.lowercased()
        guard !host.isEmpty, host.utf8.count <= 255,
            !host.contains(where: { $0.isWhitespace || "/?#@\\".contains($0) })
        else { return nil }
        let standard = scheme == "https" ? ":443" : ":80"
        self.scheme = scheme
        authority = host.hasSuffix(standard) ? String(host.dropLast(standard.count)) : host
    }

    package var description: String { "\(scheme)://\(authority)" }
}
