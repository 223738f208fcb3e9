/// How a server compressed an answer (RFC 9110, section 8.4). Convey requests no compression, but some servers and proxies
/// use it anyway.
package enum ContentEncoding {
    /// The value that requests no compression: a proxy that compresses a stream holds its pieces back.
    package static let none = "identity"

    /// The value of a `Content-Encoding` header, unless the HTTP client decodes it.
    package static func unreadable(_ header: String?) -> String? {
        // Compared as the client does: one coding, in lower case.
        guard let header, !["", none, "gzip", "deflate"].contains(header) else { return nil }
        return header
    }
}
