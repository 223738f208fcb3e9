import Foundation
import HTTPServing

/// What programs can read about this service: `/openapi.json` (HTTP) and `/asyncapi.json` (MQTT).
package enum DocumentRoutes {
    /// - Parameters:
    ///   - version: of Convey.
    ///   - root: the first levels of every topic.
    package static func make(version: String, root: String) -> [Route] {
        let openAPI = Data(OpenAPIDocument.text(version: version).utf8)
        let asyncAPI = Data(AsyncAPIDocument.text(version: version, root: root).utf8)
        return [
            Route("/openapi.json", "this service in the terms of OpenAPI 3.1") { _ in json(openAPI) },
            Route("/asyncapi.json", "the topics in the terms of AsyncAPI 3.0") { _ in json(asyncAPI) },
        ]
    }

    private static func json(_ body: Data) -> HTTPResponse {
        HTTPResponse(statusCode: .ok, headers: [.contentType: "application/json"], body: body)
    }
}
