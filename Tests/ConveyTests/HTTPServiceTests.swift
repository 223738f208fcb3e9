import Foundation
import Observability
import Testing

@testable import ConveyHTTP
@testable import HTTPServing
@testable import ServiceClient
@testable import convey
@testable import ConveySettings

@Suite("HTTP")
struct HTTPServiceTests {
    private static let ready = RuntimeStatus(journal: .open, broker: .connected, recovery: .done, ingress: .running)

    @Test("/readyz is 200 only when everything is up, and otherwise says what is not")
    func readiness() async throws {
        try await withService(Self.ready) { address in
            let answer = try #require(await get("/readyz", address))
            #expect(answer.status == 200)
            #expect(answer.body.contains("\"ready\":true"))
        }
        var status = Self.ready
        status.broker = .connecting("connection refused")
        try await withService(status) { address in
            let answer = try #require(await get("/readyz", address))
            #expect(answer.status == 503)
            #expect(answer.body.contains("\"missing\":[\"broker\"]"))
            #expect(answer.body.contains("connection refused"))
            #expect(await get("/healthz", address)?.status == 200)
        }
    }

    @Test("A failed shard makes the service not ready, by name; the other shards are listed, too")
    func failedShard() async throws {
        var status = Self.ready
        status.shards = [
            ShardStatus(index: 0, tag: "abcde", state: .open, lastPosition: 7),
            ShardStatus(index: 1, tag: "fghij", state: .failed("disk full")),
        ]
        try await withService(status) { address in
            let answer = try #require(await get("/readyz", address))
            #expect(answer.status == 503)
            #expect(answer.body.contains("\"missing\":[\"journal\"]"))
            #expect(answer.body.contains("shard 1 (fghij) has failed: disk full"))
            #expect(answer.body.contains("\"position\":7") && answer.body.contains("\"state\":\"open\""))
        }
        status.shards[1].state = .open
        try await withService(status) { address in #expect(await get("/readyz", address)?.status == 200) }
    }

    @Test("A paused ingress is back-pressure: the runtime stays ready")
    func pausedIngress() async throws {
        var status = Self.ready
        status.ingress = .paused("outbox.limit reached")
        try await withService(status) { address in #expect(await get("/readyz", address)?.status == 200) }
    }

    @Test("/metrics is the Prometheus page, and an unknown path lists the existing ones")
    func routes() async throws {
        try await withService(Self.ready) { address in
            let metrics = try #require(await get("/metrics", address))
            #expect(metrics.status == 200)
            #expect(metrics.body.contains("\nconvey_signals_received_total 0\n"))
            let unknown = try #require(await get("/nothing", address))
            #expect(unknown.status == 404)
            #expect(unknown.body.contains("GET /readyz"))
        }
    }

    @Test("HEAD has the headers of GET and no body; another method is 405")
    func methods() async throws {
        try await withService(Self.ready) { address in
            let head = try #require(await get("/metrics", address, "HEAD"))
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(await get("/metrics", address, "DELETE")?.status == 405)
        }
    }

    @Test("With tokens, every route except health requires one, unknown routes included, and says how")
    func tokens() async throws {
        let hash = SHA256.digest("secret".utf8).map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
        let access = try AccessPolicy(
            address: HTTPAddress(host: "127.0.0.1", port: 0), tokens: TokensFile.parse("ann:read:\(hash)"))
        try await withService(Self.ready, access: access) { address in
            #expect(await get("/healthz", address)?.status == 200)
            #expect(await get("/readyz", address)?.status == 200)
            #expect(await get("/metrics", address)?.status == 401)
            #expect(await get("/nothing", address)?.status == 401)
            #expect(await get("/metrics", address, "DELETE")?.status == 401)
            let headers = [(name: "Authorization", value: "Bearer secret")]
            #expect(await get("/metrics", address, headers: headers)?.status == 200)
            #expect(await get("/nothing", address, headers: headers)?.status == 404)
        }
    }

    @Test("An unknown path and a wrong method are reported, whatever the body")
    func bodiesOfNothing() async throws {
        try await withService(Self.ready) { address in
            for size in [1, 100, 3 << 20] {
                let body = [UInt8](repeating: UInt8(ascii: "x"), count: size)
                #expect(await get("/nothing", address, "POST", body: body)?.status == 404, "\(size)")
                #expect(await get("/nothing", address, "GET", body: body)?.status == 404, "\(size)")
                #expect(await get("/metrics", address, "POST", body: body)?.status == 405, "\(size)")
            }
        }
    }

    @Test("An unknown parameter of a route is refused", arguments: ["/healthz", "/readyz", "/metrics"])
    func unknownParameters(_ path: String) async throws {
        try await withService(Self.ready) { address in
            for query in ["x=1", "x", "=", "limit=1", "%ff"] {
                let answer = try #require(await get("\(path)?\(query)", address))
                #expect(answer.status == 400 && answer.body.contains("parameter_"), "\(query)")
            }
            for query in ["?", "?&&"] { #expect(await get(path + query, address)?.status == 200, "\(query)") }
            #expect(await get("/nothing?x=1", address)?.status == 404)
        }
    }

    @Test("A body that is too long is refused unread, and its rest is not taken for a request")
    func longBodies() async throws {
        try await withService(Self.ready) { address in
            let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let body = Array((smuggled + String(repeating: "x", count: 3 << 20)).utf8)
            let answer = try #require(await get("/healthz", address, "GET", body: body))
            #expect(answer.status == 413)
            #expect(!answer.body.contains("HTTP/1.1"))
        }
    }

    @Test("A port in use is an error that says what to do")
    func portInUse() async throws {
        try await withService(Self.ready) { address in
            let second = try HTTPService(address: address) { _ in [] }
            let error = await #expect(throws: HTTPServiceError.self) { try await second.run() }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains("--http") == true)
        }
    }

    @Test("A host that is not an IP address is refused when the service is made")
    func badHost() {
        let error = #expect(throws: HTTPServiceError.self) {
            try HTTPService(address: HTTPAddress(host: "example.org", port: 1)) { _ in [] }
        }
        #expect(error?.code == .addressInvalid)
    }

    @Test("The result is nil if nobody answers, or if the answer is not HTTP")
    func probe() {
        #expect(HTTPProbe.get("/", at: HTTPAddress(host: "127.0.0.1", port: 1)) == nil)
        #expect(HTTPProbe.parse(Array("SSH-2.0-x\r\n\r\n".utf8)) == nil)
        #expect(HTTPProbe.parse([]) == nil)
    }

    /// The probe blocks, so it must not run on a thread that the service needs.
    private func get(
        _ path: String, _ address: HTTPAddress, _ method: String = "GET", body: [UInt8]? = nil,
        headers: [(name: String, value: String)] = []
    ) async -> HTTPProbe.Answer? {
        await withCheckedContinuation { continuation in
            // Not Dispatch's: its threads are those of Swift's pool, two on a machine with two cores.
            Thread.detachNewThread {
                continuation.resume(
                    returning: HTTPProbe.request(method, path, json: body, headers: headers, at: address))
            }
        }
    }

    /// Runs a service on a free port while the body runs, and checks that `run()` returns after `stop()`.
    private func withService(
        _ status: RuntimeStatus, access: AccessPolicy? = nil, _ body: (HTTPAddress) async throws -> Void
    ) async throws {
        let service = try HTTPService(
            address: HTTPAddress(host: "127.0.0.1", port: 0), access: access
        ) { HealthRoutes.make(meter: $0, status: { status }, metrics: { MetricsSnapshot() }) }
        async let run: Void = service.run()
        let port = try await service.waitUntilListening()
        try await body(HTTPAddress(host: "127.0.0.1", port: port))
        await service.stop()
        try await run
    }
}
