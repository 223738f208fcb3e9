import Foundation
import HTTPServing

/// Machine-readable descriptions of this service: `/openapi.json` (HTTP) and `/asyncapi.json` (MQTT).
package enum DocumentRoutes {
    /// - Parameters:
    ///   - version: the version of Convey.
    ///   - root: the first levels of every topic.
    ///   - broker: the broker with the topics.
    ///   - shards: the journal's number of shards; known once it is open.
    package static func make(
        version: String, root: String, broker: DocumentedBroker, shards: @escaping @Sendable () -> Int
    )
        -> [Route]
    {
        let asyncAPI = Data(AsyncAPIDocument.text(version: version, root: root, broker: broker).utf8)
        return [
            Route("/openapi.json", "this service as an OpenAPI 3.1 document") { _ in
                json(Data(OpenAPIDocument.text(version: version, shards: max(1, shards())).utf8))
            },
            Route("/asyncapi.json", "the topics as an AsyncAPI 3.0 document") { _ in json(asyncAPI) },
        ]
    }

    private static func json(_ body: Data) -> HTTPResponse {
        HTTPResponse(statusCode: .ok, headers: [.contentType: "application/json"], body: body)
    }
}
