import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOFoundationCompat
import NIOHTTPTypes

/// Carries requests to the router and its answers back.
struct Responder: Sendable {
    let router: Router
    let isEncrypted: Bool
    let connections: OpenConnections

    /// - Throws: when the connection ends before the answer does.
    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let answer = await router.handleRequest(Self.request(request, isEncrypted: isEncrypted, channel))
        var head = HTTPTypes.HTTPResponse(
            status: .init(code: answer.statusCode.code, reasonPhrase: answer.statusCode.phrase))
        for field in answer.headers.all {
            if let name = HTTPField.Name(field.name.name) {
                head.headerFields.append(HTTPField(name: name, value: field.value))
            }
        }
        switch answer.body {
        case .bytes(let data):
            if head.headerFields[.contentLength] == nil { head.headerFields[.contentLength] = String(data.count) }
            let body = data.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(data: data))
            try await writer.write(response: head, body: body)
        case .stream(let write):
            head.headerFields[.connection] = "close"
            try await stream(head, write, channel)
        }
    }

    /// Writes a stream to the channel itself, as only that can be done from another task: one that ends when the client goes.
    private func stream(
        _ head: HTTPTypes.HTTPResponse, _ write: @escaping HTTPResponseBody.Stream, _ channel: any Channel
    ) async throws {
        let connected = connections.beginStream(on: channel)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await channel.writeAndFlush(HTTPResponsePart.head(head))
                try await write { try await channel.writeAndFlush(HTTPResponsePart.body(ByteBuffer(bytes: $0))) }
                try await channel.writeAndFlush(HTTPResponsePart.end(nil))
            }
            group.addTask {
                for await _ in connected {}
                // Lets go whoever writes to it.
                channel.close(promise: nil)
                throw CancellationError()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private static func request(_ request: Request, isEncrypted: Bool, _ channel: any Channel) -> HTTPRequest {
        var headers = HTTPHeaders()
        if let authority = request.head.authority { headers.append(.host, authority) }
        for field in request.headers { headers.append(HTTPHeader(field.name.rawName), field.value) }
        let expectsContinue = request.headers[.expect]?.lowercased() == "100-continue"
        let body = request.body
        return HTTPRequest(
            method: HTTPMethod(rawValue: request.method.rawValue), target: HTTPTarget(request.head.path ?? ""),
            headers: headers, isEncrypted: isEncrypted,
            body: .incoming { limit in
                if expectsContinue {
                    try await channel.writeAndFlush(HTTPResponsePart.head(.init(status: .continue)))
                }
                do {
                    return Data(buffer: try await body.collect(upTo: limit))
                } catch is NIOTooManyBytesError {
                    throw HTTPBodyTooLong()
                }
            })
    }
}
