import Foundation
import JournalSupport
import TestSupport
import Testing

/// The OpenAPI document as another program reads it: schemathesis makes allowed and forbidden requests from it.
@Suite("The OpenAPI document")
struct OpenAPIFuzzTests {
    @Test(
        "Allowed requests are answered and forbidden ones refused: schemathesis finds no difference from the document",
        .timeLimit(.minutes(3)), arguments: [1, 3])
    func schemathesis(shards: Int) async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms", "--journal-shards", "\(shards)"])
        try await deployment.start()
        // The document's examples use an existing conversation.
        let posted = httpPost(
            "/v1/conversations/chat-42/signals?type=conv.in.message.received", body: #"{"content":"hi"}"#,
            port: deployment.httpPort)
        #expect(posted?.status == 201)
        let log = deployment.directory.appendingPathComponent("schemathesis.log").path
        // A stream never ends.
        let process = try ChildProcess(
            "/bin/sh",
            [
                // It leaves files in its working directory.
                "-c", #"cd "$0" && exec "$@""#, deployment.directory.path, try PythonEnvironment.python(), "-m",
                "schemathesis.cli", "run", "http://127.0.0.1:\(deployment.httpPort)/openapi.json",
                "--exclude-path-regex", "/stream$", "--max-examples", "25", "--seed", "1", "--no-color",
            ], output: log, log: log + ".errors")
        try await eventually("schemathesis ends", seconds: 150) { process.ended != nil }
        let words = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        #expect(process.ended == .exited(0), "\(words)")
        // None may be skipped for a fault of the document.
        #expect(words.contains("Tested: 17"), "\(words)")
    }
}
