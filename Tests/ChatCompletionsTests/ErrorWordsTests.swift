import Foundation
import TestSupport
import Testing

@testable import ChatCompletions

/// The server's own words reach the user, wherever the server puts them.
@Suite(.timeLimit(.minutes(1))) struct ErrorWordsTests {
    /// Errors as gateways word them; each says "no luck".
    private static let objects = [
        #"{"error":{"message":"no luck"}}"#, #"{"error":"no luck"}"#, #"{"error":true,"message":"no luck"}"#,
        #"{"error":{"error":{"message":"no luck"}}}"#, #"{"error":["no luck"]}"#,
        #"{"errors":[{"message":"no luck"}]}"#,
        #"{"success":false,"errors":[{"code":7,"message":"no luck"}],"result":null}"#,
        #"{"object":"error","message":"no luck","type":"BadRequestError"}"#,
        #"{"type":"error","error":{"message":"no luck"}}"#,
        #"{"detail":"no luck"}"#, #"{"detail":[{"loc":["body","x"],"msg":"no luck"}]}"#,
        #"{"message":{"detail":[{"msg":"no luck"}]}}"#, #"{"message":"no luck"}"#, #"{"msg":"no luck"}"#,
        #"{"error_code":17,"error_msg":"no luck"}"#, #"{"title":"Bad","detail":"no luck"}"#,
        #"{"base_resp":{"status_code":1008,"status_msg":"no luck"}}"#,
        #"{"error":{"message":"failed","metadata":{"raw":"{\"error\":{\"message\":\"no luck\"}}","provider_name":"P"}}}"#,
        #"{"error":{"message":"failed","metadata":{"raw":"no luck"}}}"#,
        #"{"error":{"message":"{\"error\":{\"message\":\"no luck\"}}"}}"#,
        #"{"error":"Bad Request","message":"no luck","choices":null}"#,
        #"{"error":{"unheard_of":"no luck"}}"#,
    ]

    private func expectWords(
        _ what: String, script: @escaping ScriptedHTTPServer.Script, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let failure = try await failure(sourceLocation: sourceLocation, script: script)
        #expect(failure.message.contains("no luck"), "\(what): \(failure.message)", sourceLocation: sourceLocation)
    }

    @Test("In an event, an error event, a line between events, a whole body of any type, and behind a status")
    func everywhere() async throws {
        for object in Self.objects {
            try await expectWords("event: \(object)") { _, connection in
                try connection.beginStream()
                try connection.events([textChunk("a"), object])
                try connection.stall()
            }
            try await expectWords("error event: \(object)") { _, connection in
                try connection.beginStream()
                try connection.chunk("event: error\r\ndata: \(object)\r\n\r\n")
                try connection.stall()
            }
            try await expectWords("line: \(object)") { _, connection in
                try connection.beginStream()
                try connection.chunk("data: \(textChunk("a"))\n\n\(object)\n")
                try connection.stall()
            }
            for type in ["application/json", "text/plain", "text/event-stream"] {
                try await expectWords("\(type): \(object)") { _, connection in
                    try connection.reply(type: type, object)
                }
            }
            try await expectWords("array: \(object)") { _, connection in try connection.reply("[\(object)]") }
            for status in [400, 500] {
                try await expectWords("\(status): \(object)") { _, connection in
                    try connection.reply(status: status, type: "text/plain", object)
                }
            }
        }
    }

    @Test(
        "Words outside JSON are shown, too",
        arguments: [
            ("text/plain", "no luck"), ("text/plain", "upstream: no luck"), ("application/json", "\"no luck\""),
            ("application/json", "error: no luck"), ("text/event-stream", "no luck\n"),
            ("text/event-stream", "event: error\ndata: no luck\n\n"), ("text/event-stream", "data: no luck\n\n"),
            ("text/html", "<!doctype html>\n<HTML><head><Title lang=en>\nno luck</title>"),
            ("text/plain", "<html><body><h1>no luck</h1></body></html>"),
        ], [200, 503])
    func text(body: (type: String, text: String), status: Int) async throws {
        try await expectWords(body.text) { _, connection in
            try connection.reply(status: status, type: body.type, body.text)
        }
    }

    @Test("An error in a choice, as OpenRouter has it, has the category of its code")
    func choice() async throws {
        let failure = try await failure { _, connection in
            try connection.beginStream()
            try connection.events([
                textChunk("partly"),
                #"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":429,"message":"no luck"}}]}"#,
            ])
            try connection.stall()
        }
        #expect(failure.category == .provider)
        #expect(failure.message.contains("no luck"))
        #expect(failure.partialContent == "partly")
    }

    @Test(
        "What only looks like an error is not one",
        arguments: [
            #"{"choices":[],"error":{}}"#, #"{"choices":[],"error":"","errors":[]}"#, #"{"choices":[],"message":"hi"}"#,
            #"{"type":"ping"}"#, #"{"message":{"role":"assistant","content":"hi"}}"#, "", "  ",
        ])
    func noErrors(data: String) async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.chunk(
                "event: status\ndata: loading the model\n\nevent: status\ndata: {\"message\":\"50 %\"}\n\n")
            try connection.events([data, textChunk("fine", finish: "stop"), data, "[DONE]"])
            try connection.endStream()
        }
        try await withClient { client in
            let content = try await client.run(hello, provider: provider(server)) { _ in }.content
            #expect(content == "fine")
        }
    }

    @Test("The error itself may say how long to wait")
    func retryDelay() async throws {
        let details = #"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}"#
        let failure = try await failure { _, connection in
            try connection.reply(
                status: 429,
                #"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{},\#(details)]}}]"#)
        }
        #expect(failure.retryAfter == .milliseconds(34_500))
    }

    // MARK: The form of the body

    @Test("The first byte decides how a reply is read, not its content type", arguments: [true, false])
    func contentTypes(isStreamed: Bool) async throws {
        let stream = "\u{feff}\n: hello\ndata: \(textChunk("fine", finish: "stop"))\n\ndata: [DONE]\n\n"
        let whole = "\u{feff} \n" + #"{"choices":[{"message":{"content":"fine"},"finish_reason":"stop"}]}"#
        for type in ["application/json", "text/event-stream", "text/plain", "text/html", "application/octet-stream"] {
            for body in [stream, whole] {
                let server = try ScriptedHTTPServer { _, connection in
                    try connection.beginStream(type: type)
                    for byte in body.utf8 { try connection.chunk([byte]) }
                    try connection.endStream()
                }
                try await withClient { client in
                    var request = hello
                    request.stream = isStreamed
                    let content = try await client.run(request, provider: provider(server)) { _ in }.content
                    #expect(content == "fine", "\(type): \(body)")
                }
            }
        }
    }

    @Test("An event cut off by the end of the stream does not count", arguments: [#"{"choices":[{"delta"#, "[DO", "{"])
    func cutEvent(data: String) async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.chunk("data: \(textChunk("fine", finish: "stop"))\n\ndata: \(data)")
            try connection.endStream()
        }
        try await withClient { client in
            let content = try await client.run(hello, provider: provider(server)) { _ in }.content
            #expect(content == "fine")
        }
        let failure = try await failure { _, connection in
            try connection.beginStream()
            try connection.chunk("data: \(textChunk("partly"))\n\ndata: \(data)")
            try connection.endStream()
        }
        #expect(failure.message.contains("finish reason"))
    }

    @Test("Bytes that are not UTF-8 are replaced, and the reply continues", arguments: [true, false])
    func brokenText(isStreamed: Bool) async throws {
        let object =
            #"{"choices":[{"index":0,"\#(isStreamed ? "delta" : "message")":{"content":"a!b"},"finish_reason":"stop"}]}"#
        let body = Array((isStreamed ? "data: \(object)\n\n" : object).utf8).map { $0 == UInt8(ascii: "!") ? 0xff : $0 }
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.chunk(body)
            try connection.endStream()
        }
        try await withClient { client in
            let content = try await client.run(hello, provider: provider(server)) { _ in }.content
            #expect(content == "a\u{fffd}b")
        }
    }

    // MARK: Compression

    /// A stream that says "packed", by gzip and by zlib; an error that says "packed words", by gzip.
    private static let gzip =
        "H4sIAAAAAAACAx3MsQqFMAwF0L1fIXd2cM6sq36AiIQmYlFSsRkE6b8/efOBI+xMzYu45xS1gOYXyUQfUNdC9HQGfZzN1RyEi+OhgtpiS5bKvt7KJdsnxfOFutQQ5J/O/TQOSwg//jeU8WMAAAA="
    private static let deflate =
        "eJwdzLEKhTAMBdC9XyF3dnDOrKt+gIiEJmJRUrEZBOm/P3nzgSPsTM2LuOcUtYDmF8lEH1DXQvR0Bn2czdUchIvjoYLaYkuWyr7eyiXbJ8XzhbrUEOSfzv00DksIP4roIKY="
    private static let gzipError = "H4sIAAAAAAACA6tWSi0qyi9SsqpWyk0tLk5MT1WyUipITM5OTVEozy9KKVaqrQUAbdj2kiQAAAA="

    private static func bytes(_ base64: String) throws -> [UInt8] { Array(try #require(Data(base64Encoded: base64))) }

    @Test("A body compressed without request is read", arguments: ["gzip", "deflate"])
    func compressed(encoding: String) async throws {
        let bytes = try Self.bytes(encoding == "gzip" ? Self.gzip : Self.deflate)
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream(headers: ["Content-Encoding: \(encoding)"])
            for byte in bytes { try connection.chunk([byte]) }
            try connection.endStream()
        }
        try await withClient { client in
            let content = try await client.run(hello, provider: provider(server)) { _ in }.content
            #expect(content == "packed")
        }
        #expect(server.requests.first?["accept-encoding"] == "identity")
        let error = try Self.bytes(Self.gzipError)
        let failure = try await failure { _, connection in
            try connection.beginStream(500, type: "application/json", headers: ["Content-Encoding: gzip"])
            try connection.chunk(error)
            try connection.endStream()
        }
        #expect(failure.message.contains("packed words"))
    }

    @Test("An unreadable body is named in the error", arguments: [200, 500])
    func otherEncodings(status: Int) async throws {
        for encoding in ["br", "zstd", "x-gzip", "gzip, br"] {
            let failure = try await failure { _, connection in
                try connection.beginStream(status, headers: ["Content-Encoding: \(encoding)"])
                try connection.chunk([0x0b, 0x02, 0x80])
                try connection.endStream()
            }
            #expect(failure.category == .provider)
            #expect(failure.message.contains("content encoding \(encoding)"), "\(failure.message)")
        }
        let bytes = try Self.bytes(Self.gzip)
        let unnamed = try await failure { _, connection in
            try connection.beginStream()
            try connection.chunk(bytes)
            try connection.stall()
        }
        #expect(unnamed.message.contains("compressed"))
        let broken = try await failure { _, connection in
            try connection.beginStream(headers: ["Content-Encoding: gzip"])
            try connection.chunk([0x1f, 0x8b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
            try connection.endStream()
        }
        #expect(broken.message.contains("compressed"), "\(broken.message)")
    }
}
