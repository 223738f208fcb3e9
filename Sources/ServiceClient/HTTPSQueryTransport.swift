import Conversation
import ConveyClient
import HTTPServing

/// Sends queries over HTTPS. `ConveyClient`'s own transport has no TLS, so that programs that use the library do not
/// build a TLS stack.
package struct HTTPSQueryTransport: QueryTransport {
    private let endpoint: ServiceEndpoint
    private let token: String?
    /// Far above the size of a page of events.
    private static let answerLimit = 64 << 20

    /// - Parameter token: sent as bearer token.
    package init(endpoint: ServiceEndpoint, token: String?) {
        self.endpoint = endpoint
        self.token = token
    }

    package func ask(_ question: Question) async throws -> QueryAnswer {
        let headers = token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
        let result = await HTTPSProbe.request(
            "GET", question.path, headers: headers, at: endpoint, limit: Self.answerLimit)
        switch result {
        case .success(let answer): return QueryAnswer(status: answer.status, body: Array(answer.body.utf8))
        case .failure(let failure):
            throw ConveyClientError(.unreachable, "\(endpoint) \(failure.message)")
        }
    }
}
