/// The status code of a response (RFC 9110, section 15).
package struct HTTPStatusCode: Sendable, Equatable {
    package let code: Int
    /// The reason phrase.
    package let phrase: String

    package init(_ code: Int, phrase: String) {
        self.code = code
        self.phrase = phrase
    }

    package static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    package static let ok = HTTPStatusCode(200, phrase: "OK")
    package static let seeOther = HTTPStatusCode(303, phrase: "See Other")
    package static let badRequest = HTTPStatusCode(400, phrase: "Bad Request")
    package static let unauthorized = HTTPStatusCode(401, phrase: "Unauthorized")
    package static let forbidden = HTTPStatusCode(403, phrase: "Forbidden")
    package static let notFound = HTTPStatusCode(404, phrase: "Not Found")
    package static let methodNotAllowed = HTTPStatusCode(405, phrase: "Method Not Allowed")
    package static let payloadTooLarge = HTTPStatusCode(413, phrase: "Content Too Large")
    package static let unsupportedMediaType = HTTPStatusCode(415, phrase: "Unsupported Media Type")
    package static let misdirectedRequest = HTTPStatusCode(421, phrase: "Misdirected Request")
    package static let internalServerError = HTTPStatusCode(500, phrase: "Internal Server Error")
    package static let serviceUnavailable = HTTPStatusCode(503, phrase: "Service Unavailable")
    package static let gatewayTimeout = HTTPStatusCode(504, phrase: "Gateway Timeout")
}
