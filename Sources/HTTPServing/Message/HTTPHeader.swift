/// The name of a header field; not case-sensitive (RFC 9110, section 5.1).
package struct HTTPHeader: Hashable, Sendable {
    /// In its original case.
    package let name: String
    private let folded: String

    package init(_ name: String) {
        self.name = name
        folded = name.lowercased()
    }

    package static func == (left: Self, right: Self) -> Bool { left.folded == right.folded }

    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    package static let authorization = HTTPHeader("Authorization")
    package static let cacheControl = HTTPHeader("Cache-Control")
    package static let contentLength = HTTPHeader("Content-Length")
    package static let contentType = HTTPHeader("Content-Type")
    package static let cookie = HTTPHeader("Cookie")
    package static let host = HTTPHeader("Host")
    package static let location = HTTPHeader("Location")
    package static let retryAfter = HTTPHeader("Retry-After")
    package static let setCookie = HTTPHeader("Set-Cookie")
}
