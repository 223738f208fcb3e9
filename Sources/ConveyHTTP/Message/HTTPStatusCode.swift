/// What became of a request (RFC 9110, section 15).
struct HTTPStatusCode: Sendable, Equatable {
    let code: Int
    /// In words.
    let phrase: String

    init(_ code: Int, phrase: String) {
        self.code = code
        self.phrase = phrase
    }

    static func == (left: Self, right: Self) -> Bool { left.code == right.code }

    static let ok = HTTPStatusCode(200, phrase: "OK")
    static let seeOther = HTTPStatusCode(303, phrase: "See Other")
    static let badRequest = HTTPStatusCode(400, phrase: "Bad Request")
    static let unauthorized = HTTPStatusCode(401, phrase: "Unauthorized")
    static let forbidden = HTTPStatusCode(403, phrase: "Forbidden")
    static let notFound = HTTPStatusCode(404, phrase: "Not Found")
    static let methodNotAllowed = HTTPStatusCode(405, phrase: "Method Not Allowed")
    static let payloadTooLarge = HTTPStatusCode(413, phrase: "Content Too Large")
    static let unsupportedMediaType = HTTPStatusCode(415, phrase: "Unsupported Media Type")
    static let misdirectedRequest = HTTPStatusCode(421, phrase: "Misdirected Request")
    static let internalServerError = HTTPStatusCode(500, phrase: "Internal Server Error")
    static let serviceUnavailable = HTTPStatusCode(503, phrase: "Service Unavailable")
    static let gatewayTimeout = HTTPStatusCode(504, phrase: "Gateway Timeout")
}
