import AsyncHTTPClient
import ChatCompletions
import EffectPort
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Runs tools on servers that accept a POST. Redirects are not followed, because they would receive headers with secrets, and
/// only the configuration decides where a call goes.
final class HTTPToolTransport: ToolTransport {
    /// Headers that every request already has, in lower case.
    static let ownHeaders: Set<String> = [
        "accept", "accept-encoding", "connection", "content-length", "content-type", "expect", "host",
        "idempotency-key", "te",
        "traceparent",
        "trailer", "transfer-encoding", "upgrade", "user-agent",
    ]
    /// Maximum bytes of a header's value, such as a token.
    private static let headerFileLimit = 8_192
    /// Maximum bytes read of an error response.
    private static let errorBytes = 16_384

    private enum Client {
        case none
        case running(HTTPClient)
        case closed
    }

    private let limits: ToolLimits
    /// Created for the first call. An existing client must be shut down, even if the start failed.
    private let client = Mutex(Client.none)

    init(limits: ToolLimits) {
        self.limits = limits
    }

    func shutDown() async {
        let client = client.withLock { client in
            defer { client = .closed }
            return client
        }
        // A shutdown fails only after an earlier one; this is the only one.
        if case .running(let client) = client { try? await client.shutdown() }
    }

    private func runningClient() throws(EffectFailure) -> HTTPClient {
        try client.withLock { client throws(EffectFailure) in
            switch client {
            case .running(let client): return client
            case .closed: throw EffectFailure(.canceled, "Convey is shutting down")
            case .none:
                let new = makeClient()
                client = .running(new)
                return new
            }
        }
    }

    private func makeClient() -> HTTPClient {
        var pool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: limits.connectionsPerHost)
        // The effect's next attempt is the retry.
        pool.retryConnectionEstablishment = false
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        return HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: HTTPClient.Configuration(
                tlsConfiguration: tls, redirectConfiguration: .disallow,
                timeout: .init(connect: TimeAmount(limits.connectTimeout)), connectionPool: pool,
                // Some servers compress unasked.
                decompression: .enabled(limit: .size(2 * limits.resultBytes))))
    }

    func call(
        _ request: ToolRequest, progress: @escaping @Sendable (String) async throws -> Void
    ) async throws -> String {
        guard case .http(let endpoint) = request.tool.transport else {
            throw EffectFailure(.unknown, "the tool \(request.tool.name) has no URL")
        }
        let (httpRequest, secrets) = try httpRequest(request, endpoint)
        let server = HTTPToolServer(tool: request.tool.name, place: endpoint.place, secrets: secrets)
        do {
            // The caller enforces the time limit by cancelling this task, which closes the connection.
            let response = try await runningClient().execute(httpRequest, deadline: .distantFuture)
            let status = Int(response.status.code)
            guard (200..<300).contains(status) else {
                let body = try await Self.beginning(of: response, limit: Self.errorBytes)
                throw server.refusal(status: status, headers: response.headers, body: body)
            }
            let body = try await result(response, tool: request.tool.name)
            // A body whose task is cancelled may end instead of failing.
            try Task.checkCancellation()
            return try server.content(response.headers, body: body)
        } catch let failure as EffectFailure {
            throw failure
        } catch let failure as ToolFailure {
            throw failure
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw server.failure(of: error, connectTimeout: limits.connectTimeout)
        }
    }

    // MARK: The request

    private func httpRequest(
        _ request: ToolRequest, _ endpoint: HTTPToolEndpoint
    ) throws(EffectFailure) -> (HTTPClientRequest, secrets: [Secret]) {
        let payload = request.payload()
        guard payload.count <= limits.callBytes else {
            throw EffectFailure(
                .config,
                "a call of the tool \(request.tool.name) has \(payload.count) bytes; the limit is \(limits.callBytes)")
        }
        var result = HTTPClientRequest(url: endpoint.url)
        result.method = .POST
        result.headers.add(name: "Content-Type", value: "application/json")
        result.headers.add(name: "Accept", value: "application/json, text/plain;q=0.9, */*;q=0.1")
        result.headers.add(name: "Accept-Encoding", value: ContentEncoding.none)
        result.headers.add(name: "User-Agent", value: "convey")
        result.headers.add(name: "Idempotency-Key", value: request.idempotencyKey)
        if let traceparent = request.traceparent, HeaderText.isValue(traceparent) {
            result.headers.add(name: "traceparent", value: traceparent)
        }
        var secrets: [Secret] = []
        for header in endpoint.headerFiles {
            let value = try Self.value(of: header, tool: request.tool.name)
            secrets.append(value)
            result.headers.add(name: header.name, value: value.reveal())
        }
        result.body = .bytes(ByteBuffer(bytes: payload))
        return (result, secrets)
    }

    /// A file's text without surrounding white space.
    static func value(of header: HTTPToolEndpoint.HeaderFile, tool: String) throws(EffectFailure) -> Secret {
        func invalid(_ what: String) -> EffectFailure {
            EffectFailure(.config, "the header \(header.name) of the tool \(tool): the file \(header.path) \(what)")
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: header.path))
        } catch {
            throw invalid("cannot be read; check that it exists and its permissions")
        }
        guard data.count <= headerFileLimit, let text = String(validating: data, as: UTF8.self) else {
            throw invalid("is not text of at most \(headerFileLimit) bytes")
        }
        let lines = text.split(whereSeparator: \.isNewline)
        let value = String(
            (lines.first ?? "").drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        guard lines.count == 1, !value.isEmpty, HeaderText.isValue(value) else {
            throw invalid("must contain one line, the header's value")
        }
        return Secret(value)
    }

    // MARK: The answer

    private func result(_ response: HTTPClientResponse, tool: String) async throws -> [UInt8] {
        let limit = limits.resultBytes
        if let length = response.headers.first(name: "content-length").flatMap({ Int($0) }), length > limit {
            throw ToolContent.tooLarge(tool, bytes: length, limit: limit)
        }
        var bytes: [UInt8] = []
        for try await buffer in response.body {
            bytes.append(contentsOf: buffer.readableBytesView)
            guard bytes.count <= limit else { throw ToolContent.tooLarge(tool, bytes: nil, limit: limit) }
        }
        return bytes
    }

    private static func beginning(of response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in response.body {
            bytes.append(contentsOf: buffer.readableBytesView.prefix(limit - bytes.count))
            if bytes.count == limit { break }
        }
        return bytes
    }
}

extension TimeAmount {
    /// At most 292 years.
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .nanoseconds(min(seconds, Int64.max / 1_000_000_001) * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
