import Foundation
import JournalReading

/// What is wanted (RFC 9110, section 9), in capitals.
struct HTTPMethod: RawRepresentable, Hashable, Sendable {
    let rawValue: String

    init(rawValue: String) { self.rawValue = rawValue }

    static let GET = HTTPMethod(rawValue: "GET")
    static let HEAD = HTTPMethod(rawValue: "HEAD")
    static let POST = HTTPMethod(rawValue: "POST")
}

/// A request as handlers see it: a value, whatever it came over.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    let target: HTTPTarget
    let headers: HTTPHeaders
    /// Whether it came over TLS.
    let isEncrypted: Bool
    let client: HTTPClient
    private let body: HTTPRequestBody

    init(
        method: HTTPMethod = .GET, target: HTTPTarget, headers: HTTPHeaders = [:], isEncrypted: Bool = false,
        client: HTTPClient = HTTPClient(), body: HTTPRequestBody = .received(ReceivedBody(data: Data(), room: nil))
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.isEncrypted = isEncrypted
        self.client = client
        self.body = body
    }

    /// The whole body, which the router has read, up to the route's limit, before it asks a handler.
    var bodyData: Data {
        get async throws { try await body.received(upTo: .max).data }
    }

    /// The same request with its body read. To be called once.
    /// - Parameter limit: the longest body that is taken, in bytes.
    /// - Throws: `HTTPBodyTooLong`, `HTTPBodyHasNoRoom`, or what went wrong on the connection.
    func received(upTo limit: Int) async throws -> HTTPRequest {
        HTTPRequest(
            method: method, target: target, headers: headers, isEncrypted: isEncrypted, client: client,
            body: .received(try await body.received(upTo: limit)))
    }

    /// Whose questions these are: a token's, or an address's where none is needed.
    func asker(_ grant: AccessGrant) -> String {
        grant == .anonymous ? "address \(client.address)" : "token \(grant.name)"
    }
}

/// Who has connected.
struct HTTPClient: Sendable, Equatable {
    /// As `ClientAddress` tells clients apart.
    var address = "unknown"
    /// Whether all ordinary places are taken: then only probes are answered.
    var isOnReservedPlace = false
}

/// The body of a request.
enum HTTPRequestBody: Sendable {
    case received(ReceivedBody)
    /// It is on its way. Called once, with the longest body to be taken, in bytes; throws `HTTPBodyTooLong` beyond it.
    case incoming(@Sendable (Int) async throws -> ReceivedBody)

    fileprivate func received(upTo limit: Int) async throws -> ReceivedBody {
        switch self {
        case .received(let body):
            guard body.data.count <= limit else { throw HTTPBodyTooLong() }
            return body
        case .incoming(let receive): return try await receive(limit)
        }
    }
}

/// A whole body, and what it counts for as long as it is kept.
struct ReceivedBody: Sendable {
    let data: Data
    let room: AnswerRoom?
}

/// A body has more bytes than its route takes.
struct HTTPBodyTooLong: Error {}

/// The bodies of other requests take all memory that there is for them.
struct HTTPBodyHasNoRoom: Error {}

/// What a request is about: path and query, percent-encoded as they came.
struct HTTPTarget: Sendable, Equatable {
    let rawValue: String

    init(_ rawValue: String) { self.rawValue = rawValue }

    /// What is before the question mark.
    func path() -> String { String(rawValue.prefix { $0 != "?" }) }

    /// What is behind the question mark; empty where there is none.
    func query() -> String { String(rawValue.drop { $0 != "?" }.dropFirst()) }
}
