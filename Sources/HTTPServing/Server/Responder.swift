import AnswerMemory
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// Passes requests to the router and writes its responses.
struct Responder: Sendable {
    let router: Router
    let isEncrypted: Bool
    let limits: HTTPLimits
    let connections: OpenConnections
    /// The memory of all request bodies.
    private let bodies: AnswerBudget

    init(router: Router, isEncrypted: Bool, limits: HTTPLimits, connections: OpenConnections) {
        self.router = router
        self.isEncrypted = isEncrypted
        self.limits = limits
        self.connections = connections
        bodies = AnswerBudget(bytes: limits.bodyBytes)
    }

    /// - Throws: if the connection ends before the answer.
    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let answer = await router.handleRequest(self.request(request, channel))
        var head = HTTPTypes.HTTPResponse(
            status: .init(code: answer.statusCode.code, reasonPhrase: answer.statusCode.phrase))
        for field in answer.headers.all {
            if let name = HTTPField.Name(field.name.name) {
                head.headerFields.append(HTTPField(name: name, value: field.value))
            }
        }
        switch answer.body {
        case .bytes(let bytes):
            if head.headerFields[.contentLength] == nil { head.headerFields[.contentLength] = String(bytes.count) }
            if bytes.count <= limits.writeBytes {
                let body = bytes.isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
                try await writer.write(response: head, body: body)
            } else {
                try await channel.writeAndFlush(HTTPResponsePart.head(head))
                try await send(bytes, channel)
                try await channel.writeAndFlush(HTTPResponsePart.end(nil))
            }
        case .stream(let write):
            head.headerFields[.connection] = "close"
            try await stream(head, write, answer.isStillAllowed, channel)
        }
        // Reserved until the kernel has taken the last byte.
        withExtendedLifetime(answer.room) {}
    }

    /// Writes bytes as the kernel takes them, so that no more than `writeBytes` are held twice.
    private func send(_ bytes: [UInt8], _ channel: any Channel) async throws {
        for start in stride(from: 0, to: bytes.count, by: limits.writeBytes) {
            let part = bytes[start..<min(start + limits.writeBytes, bytes.count)]
            try await channel.writeAndFlush(HTTPResponsePart.body(ByteBuffer(bytes: part)))
        }
    }

    /// Writes a stream directly to the channel, because only that is possible from a task that ends when the client
    /// disconnects.
    private func stream(
        _ head: HTTPTypes.HTTPResponse, _ write: @escaping HTTPResponseBody.Stream,
        _ isAllowed: @escaping @Sendable () -> Bool, _ channel: any Channel
    ) async throws {
        let connected = connections.beginStream(on: channel, isAllowed: isAllowed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await channel.writeAndFlush(HTTPResponsePart.head(head))
                try await write { try await send($0, channel) }
                try await channel.writeAndFlush(HTTPResponsePart.end(nil))
            }
            group.addTask {
                for await _ in connected {}
                // Makes a blocked write fail.
                channel.close(promise: nil)
                throw CancellationError()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func request(_ request: Request, _ channel: any Channel) -> HTTPRequest {
        var headers = HTTPHeaders()
        if let authority = request.head.authority { headers.append(.host, authority) }
        for field in request.headers { headers.append(HTTPHeader(field.name.rawName), field.value) }
        let expectsContinue = request.headers[.expect]?.lowercased() == "100-continue"
        let (body, bodies, patience) = (request.body, bodies, limits.roomTime)
        return HTTPRequest(
            method: HTTPMethod(rawValue: request.method.rawValue), target: HTTPTarget(request.head.path ?? ""),
            headers: headers, isEncrypted: isEncrypted, client: connections.client(of: channel),
            body: .incoming { limit in
                if expectsContinue {
                    try await channel.writeAndFlush(HTTPResponsePart.head(.init(status: .continue)))
                }
                return try await Self.receive(body, limit, bodies, patience)
            })
    }

    private static func receive(
        _ body: RequestBody, _ limit: Int, _ bodies: AnswerBudget, _ patience: Duration
    ) async throws -> ReceivedBody {
        var data = Data()
        guard let room = bodies.take(0) else { throw HTTPBodyHasNoRoom() }
        for try await part in body {
            let count = data.count + part.readableBytes
            guard count <= limit else { throw HTTPBodyTooLong() }
            guard await room.grow(to: 2 * count, within: patience) else { throw HTTPBodyHasNoRoom() }
            data.append(contentsOf: part.readableBytesView)
        }
        return ReceivedBody(data: data, room: room)
    }
}
