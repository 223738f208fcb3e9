import AnswerMemory
import Foundation
import Glibc
import Observability
import NIOCore
import Synchronization
import Testing

@testable import ConveyHTTP
@testable import HTTPServing

/// Clients that demand too much, over real sockets.
@Suite("Limits of HTTP", .timeLimit(.minutes(1)))
struct HTTPLimitTests {
    @Test("A head that is too long is refused with 431, and one that is not HTTP with 400")
    func heads() async throws {
        var limits = HTTPLimits()
        limits.headBytes = 2_048
        limits.drainTime = .milliseconds(100)
        try await withService(limits) { port, _ in
            let long = try Wire(port)
            let padding = (0..<40).map { "X-\($0): \(String(repeating: "x", count: 80))\r\n" }.joined()
            try long.send("GET /ok HTTP/1.1\r\nHost: localhost\r\n\(padding)\r\n")
            #expect(await long.readAll().hasPrefix("HTTP/1.1 431 "))
            let target = try Wire(port)
            try target.send("GET /\(String(repeating: "x", count: 4_096)) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(await target.readAll().hasPrefix("HTTP/1.1 431 "))
            for text in [
                "SSH-2.0-x\r\n\r\n", "GET /ok HTTP/1.1\r\n\r\n", "GET /ok HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            ] {
                let wire = try Wire(port)
                try wire.send(text)
                #expect(await wire.readAll().hasPrefix("HTTP/1.1 400 "), "\(text)")
            }
        }
    }

    @Test("Refused requests are counted by status; probe answers are not")
    func refusedRequests() async throws {
        try await withService { port, _ in
            for text in ["SSH-2.0-x\r\n\r\n", Self.get("/nowhere"), Self.get("/readyz"), Self.get("/ok")] {
                let wire = try Wire(port)
                try wire.send(text)
                #expect(await wire.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 "))
            }
            let wire = try Wire(port)
            try wire.send(Self.get("/metrics"))
            let page = await wire.read(until: "convey_query_duration_seconds_count")
            #expect(page.contains("\nconvey_http_requests_refused_total{status=\"400\"} 1\n"))
            #expect(page.contains("\nconvey_http_requests_refused_total{status=\"404\"} 1\n"))
            #expect(!page.contains("status=\"503\""))
        }
    }

    @Test("Beyond the limit, the longest idle connection is closed for a new one")
    func connections() async throws {
        var limits = HTTPLimits()
        limits.connections = 3
        try await withService(limits) { port, _ in
            let streaming = try Wire(port)
            try streaming.send(Self.get("/wait"))
            #expect(await streaming.read(until: "begun").hasPrefix("HTTP/1.1 200 "))
            let (idle, used) = (try Wire(port), try Wire(port))
            try used.send(Self.get("/ok"))
            #expect(await used.read(until: "fine").hasPrefix("HTTP/1.1 200 "))
            let late = try Wire(port)
            #expect(await idle.readAll() == "")
            for wire in [late, used] {
                try wire.send(Self.get("/ok"))
                #expect(await wire.read(until: "fine").hasPrefix("HTTP/1.1 200 "))
            }
            #expect(!streaming.isReadable(within: 1))
        }
    }

    @Test("An incomplete request occupies no slot, neither in its head nor in its body")
    func halfRequests() async throws {
        var limits = HTTPLimits()
        limits.connections = 2
        try await withService(limits) { port, _ in
            let head = try Wire(port)
            try head.send("GET /ok HTTP/1.1\r\nHost: loc")
            let body = try Wire(port)
            try body.send(
                "POST /length HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
            #expect(await body.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
            var streams: [Wire] = []
            for half in [head, body] {
                let wire = try Wire(port)
                #expect(await half.readAll() == "")
                try wire.send(Self.get("/wait"))
                #expect(await wire.read(until: "begun").hasPrefix("HTTP/1.1 200 "))
                streams.append(wire)
            }
            #expect(!streams[0].isReadable(within: 1))
        }
    }

    @Test("Thousands of idle connections block nobody: probes and requests with a token are still answered")
    func idleCrowd() async throws {
        try raiseDescriptorLimit()
        let access = try AccessPolicy(
            address: HTTPAddress(host: "127.0.0.1", port: 0),
            tokens: TokensFile.parse("ann:read:\(SHA256.hex(SHA256.digest("secret".utf8)))"))
        try await withService(access: access) { port, _ in
            let crowd = try (0..<1_300).map { _ in try Wire(port) }
            for (path, part) in [
                ("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "convey_http_connections"), ("/ok", "fine"),
            ] {
                let wire = try Wire(port)
                try wire.send(
                    "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n\r\n")
                #expect(await wire.read(until: part).contains(part), "\(path)")
            }
            withExtendedLifetime(crowd) {}
        }
    }

    @Test("When every slot has a request in progress, probes are answered, and all others are told it is busy")
    func reservedPlaces() async throws {
        var limits = HTTPLimits()
        limits.connections = 2
        limits.reservedConnections = 2
        try await withService(limits) { port, _ in
            let busy = [try Wire(port), try Wire(port)]
            for wire in busy {
                try wire.send(Self.get("/wait"))
                #expect(await wire.read(until: "begun").hasPrefix("HTTP/1.1 200 "))
            }
            // Idle ones hold no reserved slot either.
            let idle = try (0..<5).map { _ in try Wire(port) }
            for path in ["/healthz", "/readyz", "/metrics"] {
                // An idle connection may get its slot after the probe, and close before its request arrives.
                try await eventually("an answer of \(path)") {
                    let probe = try Wire(port)
                    try probe.send(Self.get(path))
                    let answer = await probe.readAll()
                    #expect(!answer.contains("busy"), "\(answer)")
                    return answer.hasPrefix("HTTP/1.1 ")
                }
            }
            let late = try Wire(port)
            try late.send(Self.get("/ok"))
            let answer = await late.readAll()
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("busy"))
            #expect(answer.lowercased().contains("retry-after: "))
            #expect(await idle[4].readAll() == "", "a reserved place is for those who ask soon")
        }
    }

    @Test("One address has no more than its share of the slots")
    func sharePerAddress() async throws {
        var limits = HTTPLimits()
        limits.connectionsPerAddress = 2
        try await withService(limits) { port, _ in
            let (first, streaming) = (try Wire(port), try Wire(port))
            try streaming.send(Self.get("/wait"))
            #expect(await streaming.read(until: "begun").hasPrefix("HTTP/1.1 200 "))
            let second = try Wire(port)
            #expect(await first.readAll() == "")
            try second.send(Self.get("/wait"))
            #expect(await second.read(until: "begun").hasPrefix("HTTP/1.1 200 "))
            let third = try Wire(port)
            try third.send(Self.get("/ok"))
            #expect(await third.readAll().contains("busy"))
        }
    }

    @Test("An IPv4 address is one client, and so is a whole network of IPv6; loopback has no share of its own")
    func addresses() throws {
        func address(_ text: String) throws -> ClientAddress {
            ClientAddress(try SocketAddress(ipAddress: text, port: 1))
        }
        #expect(try address("192.0.2.7").text == "192.0.2.7")
        #expect(try address("::ffff:192.0.2.7") == address("192.0.2.7"))
        #expect(try address("2001:db8:1:2::3") == address("2001:db8:1:2:ffff::"))
        #expect(try address("2001:db8:1:2::3") != address("2001:db8:1:3::3"))
        #expect(try address("127.0.0.2").isLoopback && address("::1").isLoopback)
        #expect(try !address("192.0.2.7").isLoopback)
        let limits = HTTPLimits()
        #expect(try limits.share(of: address("192.0.2.7")) == 250)
        #expect(try limits.share(of: address("::1")) == nil)
    }

    @Test(
        "Unread answers take no more than the budget: others wait or are told it is busy; then it is free again"
    )
    func unreadAnswers() async throws {
        var limits = HTTPLimits()
        limits.sendBufferBytes = 16_384
        limits.roomTime = .milliseconds(500)
        // Longer than this test may take.
        limits.stalledTime = .seconds(300)
        limits.shortStalledTime = .seconds(2)
        let budget = AnswerBudget(bytes: 8 << 20)
        try await withService(limits, budget: budget) { port, _ in
            let unread = try (0..<30).map { _ in try Wire(port, receiveBuffer: 4_096) }
            for wire in unread { try wire.send(Self.get("/large")) }
            try await eventually("the budget is full") {
                #expect(budget.used <= budget.limit)
                return budget.used > 6 << 20
            }
            // Small answers are still sent, and health in any case.
            for (path, part) in [("/ok", "fine"), ("/healthz", "ok")] {
                let wire = try Wire(port)
                try wire.send(Self.get(path))
                #expect(await wire.read(until: part).hasPrefix("HTTP/1.1 200 "))
            }
            // A client that does not read loses its connection as soon as others need the memory.
            let reader = Mutex("")
            try await eventually("another large answer") {
                #expect(budget.used <= budget.limit)
                let wire = try Wire(port)
                try wire.send(
                    "GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                let answer = await wire.readAll()
                reader.withLock { $0 = answer }
                #expect(answer.hasPrefix("HTTP/1.1 200 ") || answer.contains("Retry-After: "))
                return answer.hasPrefix("HTTP/1.1 200 ")
            }
            #expect(reader.withLock { $0.utf8.count } > Self.largeBytes)
            withExtendedLifetime(unread) {}
        }
        try await eventually("all is given back") { budget.used == 0 }
    }

    @Test("Incoming bodies take no more than their budget, each until its request is answered")
    func bodies() async throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 48 << 10
        limits.roomTime = .milliseconds(100)
        limits.requestTime = .seconds(30)
        try await withService(limits) { port, _ in
            let head = "POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n\r\n"
            let half = String(repeating: "x", count: 19_999)
            let wires = try (0..<3).map { _ in try Wire(port) }
            for wire in wires { try wire.send(head + half) }
            // There is room for one, which waits for its last byte.
            try await eventually("two have no room") { wires.count { $0.isReadable(within: 1) } == 2 }
            let slow = try #require(wires.first { !$0.isReadable(within: 1) })
            for wire in wires where wire !== slow {
                #expect(await wire.read(until: "busy").hasPrefix("HTTP/1.1 503 "))
            }
            try slow.send("x")
            #expect(await slow.read(until: "20000 bytes").hasPrefix("HTTP/1.1 200 "))
            try await eventually("there is room again") {
                let wire = try Wire(port)
                try wire.send(head.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n") + half + "x")
                return await wire.readAll().contains("20000 bytes")
            }
        }
    }

    @Test("A stream ends within moments when its token is taken back, even if its client does not read")
    func revokedStreams() async throws {
        var limits = HTTPLimits()
        limits.sendBufferBytes = 16_384
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ lines: [String]) throws {
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        let ann = TokensFile.line(name: "ann", scope: .read, token: "secret", expiry: nil)
        let ben = TokensFile.line(name: "ben", scope: .read, token: "other", expiry: nil)
        try write([ann, ben])
        let read: FileValue<AccessTokens>.Read = { () throws(FileProblem) in
            do {
                return try TokensFile.parse(try String(contentsOfFile: path, encoding: .utf8), allowsNone: true)
            } catch {
                throw FileProblem("\(error)")
            }
        }
        let access = try AccessPolicy(
            address: HTTPAddress(host: "127.0.0.1", port: 0),
            tokensFile: FileValue(try read(), paths: [path], read: read))
        func get(_ path: String, _ token: String) -> String {
            "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
        }
        try await withService(limits, access: access) { port, log in
            let stalled = try Wire(port, receiveBuffer: 4_096)
            try stalled.send(get("/flood", "secret"))
            let (mine, others) = (try Wire(port), try Wire(port))
            try mine.send(get("/wait", "secret"))
            try others.send(get("/wait", "other"))
            for wire in [mine, others] { #expect(await wire.read(until: "begun").contains("HTTP/1.1 200 ")) }
            // A wrong file changes nothing.
            try write([ben, "ann:read:half"])
            try await eventually("the broken file is looked at") { access.tokens?.problem != nil }
            let still = try Wire(port)
            try still.send(get("/ok", "secret"))
            #expect(await still.read(until: "fine").hasPrefix("HTTP/1.1 200 "))
            try write([ben])
            _ = await mine.readAll()
            try await eventually("both streams' ends") {
                log.withLock { $0.contains("flood ended") && $0.contains("wait ended") }
            }
            #expect(log.withLock { $0.count { $0 == "wait ended" } } == 1)
            for (token, status) in [("secret", "401"), ("other", "200")] {
                let wire = try Wire(port)
                try wire.send(get("/ok", token))
                #expect(await wire.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status) "))
            }
            #expect(!others.isReadable(within: 1))
            // The last token can be revoked as well.
            try write(["# none"])
            _ = await others.readAll()
        }
    }

    @Test("A client that never ends a head, or sends nothing, loses its connection")
    func slowHeads() async throws {
        var limits = HTTPLimits()
        limits.idleTime = .milliseconds(200)
        try await withService(limits) { port, _ in
            let silent = try Wire(port)
            let slow = try Wire(port)
            try slow.send("GET /ok HTTP/1.1\r\nHost: loc")
            #expect(await silent.readAll() == "")
            #expect(await slow.readAll() == "")
        }
    }

    @Test("A body that comes too slowly is answered with 408, and its connection closed")
    func slowBodies() async throws {
        var limits = HTTPLimits()
        limits.requestTime = .milliseconds(200)
        limits.drainTime = .milliseconds(100)
        try await withService(limits) { port, _ in
            let wire = try Wire(port)
            try wire.send("POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
            #expect(await wire.readAll().hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test("A body in chunks is taken up to the limit of its route, and refused beyond it, like one with a length")
    func longBodies() async throws {
        try await withService { port, _ in
            let head = "POST /length HTTP/1.1\r\nHost: localhost\r\n"
            let right = try Wire(port)
            try right.send(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            #expect(await right.read(until: "5 bytes").hasPrefix("HTTP/1.1 200 "))
            let chunk = "1000\r\n\(String(repeating: "x", count: 4_096))\r\n"
            let long = try Wire(port)
            try long.send(
                head + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 20) + "0\r\n\r\n")
            #expect(await long.read(until: "body_too_large").hasPrefix("HTTP/1.1 413 "))
            let told = try Wire(port)
            try told.send(head + "Content-Length: 1000000000000\r\nExpect: 100-continue\r\n\r\n")
            #expect(await told.read(until: "body_too_large").hasPrefix("HTTP/1.1 413 "))
            let asked = try Wire(port)
            try asked.send(head + "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            #expect(await asked.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
            try asked.send("abc")
            #expect(await asked.read(until: "3 bytes").contains("HTTP/1.1 200 "))
        }
    }

    @Test(
        "No part of an unread body is taken for a request, whatever its framing and length",
        arguments: ["/nothing", "/length", "/ok"], [10, 3 << 20])
    func unreadBodies(_ path: String, _ padding: Int) async throws {
        try await withService { port, asked in
            let smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let body = String(repeating: smuggled, count: 1 + padding / smuggled.utf8.count)
            let told = try Wire(port)
            try told.send("DELETE \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
            let chunked = try Wire(port)
            try chunked.send("DELETE \(path) HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            for (wire, bytes) in [
                (told, body), (chunked, "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"),
            ] {
                try await wire.sendAll(bytes)
                try wire.endWriting()
                let answer = await wire.readAll()
                #expect(answer.components(separatedBy: "HTTP/1.1 ").count == 2, "\(answer)")
                #expect(answer.hasPrefix("HTTP/1.1 4"))
            }
            #expect(asked.withLock { $0 }.isEmpty)
        }
    }

    @Test("A reader that stalls loses its connection, and delays no other")
    func stalledReaders() async throws {
        var limits = HTTPLimits()
        limits.stalledTime = .milliseconds(400)
        limits.sendBufferBytes = 16_384
        try await withService(limits) { port, asked in
            let stalled = try Wire(port, receiveBuffer: 4_096)
            try stalled.send(Self.get("/flood"))
            let reader = try Wire(port)
            try reader.send(Self.get("/flood"))
            try await eventually("the stalled one's end") {
                // The other one continues all the time.
                #expect(await reader.readSome() > 0)
                return asked.withLock { $0 }.contains("flood ended")
            }
            #expect(asked.withLock { $0.count { $0 == "flood ended" } } == 1)
        }
    }

    @Test("A slow reader that takes a little at a time keeps its connection")
    func slowReaders() async throws {
        var limits = HTTPLimits()
        limits.stalledTime = .seconds(1)
        limits.sendBufferBytes = 16_384
        try await withService(limits) { port, asked in
            let slow = try Wire(port, receiveBuffer: 32_768)
            try slow.send(Self.get("/flood"))
            let end = ContinuousClock.now + .seconds(3)
            while ContinuousClock.now < end {
                #expect(await slow.readSome() > 0)
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(!asked.withLock { $0 }.contains("flood ended"))
        }
    }

    @Test("A stream ends when its client disconnects, and at once when the service stops")
    func endsOfStreams() async throws {
        var last: Wire?
        try await withService { port, asked in
            do {
                let wire = try Wire(port)
                try wire.send(Self.get("/wait"))
                #expect(await wire.read(until: "begun").contains("HTTP/1.1 200 "))
            }
            try await eventually("the end of the stream") { asked.withLock { $0 } == ["wait ended"] }
            let wire = try Wire(port)
            try wire.send(Self.get("/wait"))
            #expect(await wire.read(until: "begun").contains("HTTP/1.1 200 "))
            last = wire
        }
        let rest = await last?.readAll()
        #expect(rest?.contains("0\r\n\r\n") == false)
    }

    @Test("Pipelined requests are answered in order, until one asks to close")
    func pipelines() async throws {
        try await withService { port, asked in
            let wire = try Wire(port)
            try wire.send(
                Self.get("/ok") + Self.get("/length")
                    + "GET /ok HTTP/1.1\r\nHost: localhost\r\nConnection: Close\r\n\r\n"
                    + Self.get("/smuggled"))
            let answers = await wire.readAll().components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(answers.map { $0.prefix(3) } == ["200", "405", "200"])
            #expect(
                answers.last?.contains("connection: close") == true
                    || answers.last?.contains("Connection: close") == true)
            #expect(asked.withLock { $0 }.isEmpty)
            let old = try Wire(port)
            try old.send("GET /flow HTTP/1.0\r\nHost: localhost\r\n\r\n")
            let answer = await old.readAll()
            #expect(answer.hasSuffix("\r\n\r\nabcabc"), "\(answer)")
        }
    }

    @Test("A handler that takes too long gives a 500")
    func slowHandlers() async throws {
        var limits = HTTPLimits()
        limits.handlerTime = .milliseconds(100)
        try await withService(limits) { port, _ in
            let wire = try Wire(port)
            try wire.send(Self.get("/never"))
            #expect(await wire.read(until: "timeout").hasPrefix("HTTP/1.1 500 "))
        }
    }

    @Test("HEAD of a stream ends at once and starts no stream")
    func headOfStream() async throws {
        try await withService { port, asked in
            let wire = try Wire(port)
            try wire.send("HEAD /wait HTTP/1.1\r\nHost: localhost\r\n\r\n" + Self.get("/ok"))
            #expect(await wire.read(until: "fine").contains("text/event-stream"))
            #expect(asked.withLock { $0 }.isEmpty)
        }
    }

    // MARK: -

    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n" }

    /// What happened in the service, such as a flood that ended.
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])

        func withLock<Value: Sendable>(_ body: ([String]) -> Value) -> Value { lines.withLock { body($0) } }
        func note(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private static let largeBytes = 1 << 20

    private static func routes(_ log: Log) -> [Route] {
        let text: HTTPHeaders = [.contentType: "text/plain"]
        return [
            Route("/ok", "") { _ in HTTPResponse(statusCode: .ok, headers: text, body: Data("fine".utf8)) },
            Route("/length", "", method: .POST) { request in
                let count = try await request.bodyData.count
                return HTTPResponse(statusCode: .ok, headers: text, body: Data("\(count) bytes".utf8))
            },
            Route("/smuggled", "") { _ in
                log.note("smuggled")
                return HTTPResponse(statusCode: .ok)
            },
            Route("/large", "", room: largeBytes) { _ in
                HTTPResponse(statusCode: .ok, headers: text, body: Data(repeating: 0x20, count: largeBytes))
            },
            Route("/never", "") { _ in
                try await Task.sleep(for: .seconds(3_600))
                return HTTPResponse(statusCode: .ok)
            },
            Route("/flow", "") { _ in
                HTTPResponse(statusCode: .ok, headers: text) { send in
                    for _ in 0..<2 { try await send(Array("abc".utf8)) }
                }
            },
            Route("/flood", "") { _ in
                HTTPResponse(statusCode: .ok, headers: text) { send in
                    defer { log.note("flood ended") }
                    while true { try await send([UInt8](repeating: 0x20, count: 4_096)) }
                }
            },
            Route("/wait", "") { _ in
                HTTPResponse(statusCode: .ok, headers: [.contentType: "text/event-stream"]) { send in
                    defer { log.note("wait ended") }
                    try await send(Array("begun".utf8))
                    try await Task.sleep(for: .seconds(3_600))
                }
            },
        ]
    }

    /// Runs a service on a free port while the body runs, and checks that `run()` returns after `stop()`.
    private func withService(
        _ limits: HTTPLimits = HTTPLimits(), access: AccessPolicy? = nil, budget: AnswerBudget = AnswerBudget(),
        _ body: (Int, Log) async throws -> Void
    ) async throws {
        let log = Log()
        let service = try HTTPService(
            address: HTTPAddress(host: "127.0.0.1", port: 0), access: access, tls: nil, limits: limits,
            budget: budget,
            routes: {
                HealthRoutes.make(meter: $0, status: { .starting }, metrics: { MetricsSnapshot() }) + Self.routes(log)
            })
        async let run: Void = service.run()
        let port = try await service.waitUntilListening()
        do {
            try await body(Int(port), log)
        } catch {
            await service.stop()
            throw error
        }
        await service.stop()
        try await run
    }

    /// For tests with many connections: this process has both of their ends.
    private func raiseDescriptorLimit() throws {
        var files = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        try #require(getrlimit(kind, &files) == 0)
        files.rlim_cur = min(files.rlim_max, 8_192)
        try #require(setrlimit(kind, &files) == 0)
    }

    private func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "not in time: \(what)")
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
