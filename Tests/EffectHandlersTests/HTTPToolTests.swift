import ConveyEngine
import EffectPort
import Foundation
import Signals
import TestSupport
import Testing

@testable import EffectHandlers

@Suite(.timeLimit(.minutes(1))) struct HTTPToolTests {
    private func declaration(port: Int, more: String = "") -> String {
        #"{"look":{"transport":"http","url":"http://127.0.0.1:\#(port)/tools/look?key=hidden"\#(more)}}"#
    }

    private func run(
        more: String = "", _ configure: (inout ToolLimits) -> Void = { _ in },
        script: @escaping ScriptedHTTPServer.Script
    ) async throws -> (EffectResult, ScriptedHTTPServer) {
        let server = try ScriptedHTTPServer(script)
        return try await withTools(declaration(port: server.port, more: more), configure) {
            (try await $0.run(attempt("look", #"{"a":1}"#)) { _ in }, server)
        }
    }

    private func failure(
        more: String = "", _ configure: (inout ToolLimits) -> Void = { _ in },
        script: @escaping ScriptedHTTPServer.Script
    ) async throws -> EffectFailure {
        let server = try ScriptedHTTPServer(script)
        let failure = try await withTools(declaration(port: server.port, more: more), configure) { handler in
            try await #require(throws: EffectFailure.self) { _ = try await handler.run(attempt("look", "")) { _ in } }
        }
        #expect(!failure.message.contains("hidden"))
        #expect(failure.message.contains("look"))
        return failure
    }

    @Test func `A call is posted with its key, its trace and the headers from files`() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try "Bearer s3cret\n".write(to: file, atomically: true, encoding: .utf8)
        let more = #","header_files":{"Authorization":"\#(file.path)"}"#
        let (result, server) = try await run(more: more) { _, connection in try connection.reply(#"{"b": 2}"#) }
        #expect(result == EffectResult(content: #"{"b": 2}"#))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/tools/look?key=hidden")
        #expect(request["content-type"] == "application/json")
        #expect(request["authorization"] == "Bearer s3cret")
        #expect(request["idempotency-key"] == attempt().idempotencyKey)
        #expect(request["traceparent"]?.hasPrefix("00-4bf9") == true)
        let body = try JSONValue(request.body)
        #expect(body["arguments"] == .object([("a", .integer("1"))]))
        #expect(body["name"] == .string("look"))
        #expect(body["subject"] == .string("chat-42"))
        #expect(body["idempotency_key"] == .string(attempt().idempotencyKey))
        #expect(body["response_topic"] == nil)
    }

    @Test(arguments: [
        ("application/json; charset=utf-8", "\"text\"", "text"), ("application/problem+json", "[1, 2]", "[1, 2]"),
        ("text/plain", "\"text\"", "\"text\""), ("application/json", "", ""), ("text/plain", "", ""),
    ])
    func `JSON strings are read as their text, anything else as it is`(type: String, body: String, content: String)
        async throws
    {
        let (result, _) = try await run { _, connection in try connection.reply(type: type, body) }
        #expect(result.content == content)
    }

    @Test(arguments: [
        (400, EffectFailure.Category.config), (401, .auth), (403, .auth), (404, .config), (408, .timeout),
        (422, .config),
        (429, .provider), (500, .provider), (503, .provider),
    ])
    func `An error status fails with the server's words`(
        status: Int, category: EffectFailure.Category
    ) async throws {
        let failure = try await failure { _, connection in
            try connection.reply(
                status: status, headers: ["Retry-After: 7"], #"{"error":{"message":"not\ntoday"}}"#)
        }
        #expect(failure.category == category)
        #expect(failure.message.contains("answered \(status): not today"), "\(failure.message)")
        #expect(failure.retryAfter == (category.isRetriable ? .seconds(7) : nil))
    }

    @Test(arguments: [
        #"{"errors":[{"message":"not today"}]}"#, #"{"message":{"detail":[{"msg":"not today"}]}}"#, "not today",
        "<html><title>not today</title></html>",
    ])
    func `The server's words are read wherever it puts them`(body: String) async throws {
        let failure = try await failure { _, connection in try connection.reply(status: 400, type: "text/plain", body) }
        #expect(failure.message.contains("answered 400: not today"), "\(failure.message)")
    }

    @Test func `An answer compressed without request is read, or named in the error`() async throws {
        // "packed", by gzip.
        let gzip = "H4sIAAAAAAACAytITM5OTQEAELT2IQYAAAA="
        let bytes = Array(try #require(Data(base64Encoded: gzip)))
        let (result, server) = try await run { _, connection in
            try connection.beginStream(type: "text/plain", headers: ["Content-Encoding: gzip"])
            try connection.chunk(bytes)
            try connection.endStream()
        }
        #expect(result.content == "packed")
        #expect(server.requests.first?["accept-encoding"] == "identity")
        let failure = try await failure { _, connection in
            try connection.reply(type: "text/plain", headers: ["Content-Encoding: br"], "packed")
        }
        #expect(failure.message.contains("content encoding br"), "\(failure.message)")
    }

    @Test func `A redirect is not followed`() async throws {
        let failure = try await failure { _, connection in
            try connection.reply(status: 307, headers: ["Location: http://127.0.0.1:1/other?token=hidden"], "")
        }
        #expect(failure.category == .config)
        #expect(failure.message.contains("a redirect to http://127.0.0.1:1/other."), "\(failure.message)")
    }

    @Test func `A server that cannot be reached fails as transport`() async throws {
        let port = try freePort()
        try await withTools(declaration(port: port)) { handler in
            let failure = try await #require(throws: EffectFailure.self) {
                _ = try await handler.run(attempt("look", "")) { _ in }
            }
            #expect(failure.category == .transport)
            #expect(failure.message.contains("connection refused"), "\(failure.message)")
        }
    }

    @Test func `An answer that breaks off fails as transport`() async throws {
        let failure = try await failure { _, connection in
            try connection.beginStream(type: "application/json")
            try connection.chunk("{")
            connection.close()
        }
        #expect(failure.category == .transport)
    }

    @Test(arguments: [true, false])
    func `A result beyond the limit is a failure that says so`(isChunked: Bool) async throws {
        let failure = try await failure({ $0.resultBytes = 100 }) { _, connection in
            let text = String(repeating: "x", count: 101)
            guard isChunked else { return try connection.reply(type: "text/plain", text) }
            try connection.beginStream(type: "text/plain")
            try connection.chunk(text)
            try connection.endStream()
        }
        #expect(failure.category == .config)
        #expect(failure.message.contains("the limit is 100 bytes"))
    }

    @Test func `Invalid JSON, and bytes that are not text, fail as provider`() async throws {
        let broken = try await failure { _, connection in try connection.reply("{") }
        #expect(broken.category == .provider)
        let bytes = try await failure { _, connection in
            try connection.beginStream(type: "application/octet-stream")
            try connection.chunk([0xff, 0xfe])
            try connection.endStream()
        }
        #expect(bytes.category == .provider)
    }

    @Test func `A secret that the server repeats is not shown`() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try "Bearer s3cret".write(to: file, atomically: true, encoding: .utf8)
        let failure = try await failure(more: #","header_files":{"Authorization":"\#(file.path)"}"#) { _, connection in
            try connection.reply(status: 400, type: "text/plain", "bad header Bearer s3cret")
        }
        #expect(!failure.message.contains("s3cret"))
    }

    @Test func `An attempt that is cancelled, or out of time, closes its connection`() async throws {
        let server = try ScriptedHTTPServer { _, connection in try connection.stall() }
        try await withTools(declaration(port: server.port)) { handler in
            let task = Task { try await handler.run(attempt("look", "")) { _ in } }
            try await eventually("the call arrives") { server.requests.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await eventually("the connection is closed") { server.closures.count == 1 }

            let failure = try await #require(throws: EffectFailure.self) {
                _ = try await handler.run(attempt("look", "", timeout: .milliseconds(100))) { _ in }
            }
            #expect(failure.category == .timeout)
            try await eventually("its connection is closed, too") { server.closures.count == server.requests.count }
        }
    }
}
