import Foundation

/// A request in the form that handlers use: a value, independent of the connection.
package struct HTTPRequest: Sendable {
    package let method: HTTPMethod
    package let target: HTTPTarget
    package let headers: HTTPHeaders
    /// Whether it was received over TLS.
    package let isEncrypted: Bool
    package let client: HTTPPeer
    private let body: HTTPRequestBody

    package init(
        method: HTTPMethod = .GET, target: HTTPTarget, headers: HTTPHeaders = [:], isEncrypted: Bool = false,
        client: HTTPPeer = HTTPPeer(), body: HTTPRequestBody = .received(ReceivedBody())
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.isEncrypted = isEncrypted
        self.client = client
        self.body = body
    }

    /// The complete body. The router has read it, up to the route's limit, before it calls the handler.
    package var bodyData: Data {
        get async throws { try await body.received(upTo: .max).data }
    }

    /// The same request with its body read. Call it once.
    /// - Parameter limit: the longest body to accept, in bytes.
    /// - Throws: `HTTPBodyTooLong`, `HTTPBodyHasNoRoom`, or the error of the connection.
    func received(upTo limit: Int) async throws -> HTTPRequest {
        HTTPRequest(
            method: method, target: target, headers: headers, isEncrypted: isEncrypted, client: client,
            body: .received(try await body.received(upTo: limit)))
    }

    /// The name under which the client's shares and limits are counted: its token's, or its address if it has none.
    package func asker(_ grant: AccessGrant) -> String {
        grant == .anonymous ? "address \(client.address)" : "token \(grant.name)"
    }
}
