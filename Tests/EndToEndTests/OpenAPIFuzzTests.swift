import Foundation
import JournalSupport
import TestSupport
import Testing

/// The OpenAPI document as another program reads it: schemathesis makes requests from it, some that it allows and some that it does not.
@Suite("The OpenAPI document")
struct OpenAPIFuzzTests {
    @Test(
        "What the document allows is answered, and what it does not allow is refused: schemathesis finds no difference",
        .timeLimit(.minutes(3)), arguments: [1, 3])
    func schemathesis(shards: Int) async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms", "--journal-shards", "\(shards)"])
        try await deployment.start()
        // Examples of the document are of a conversation that is there.
        let posted = httpPost(
            "/v1/conversations/chat-42/signals?type=conv.in.message.received", body: #"{"content":"hi"}"#,
            port: deployment.httpPort)
        #expect(posted?.status == 201)
        let log = deployment.directory.appendingPathComponent("schemathesis.log").path
        // A stream has no end.
        let process = try ChildProcess(
            "/bin/sh",
            [
                // It leaves files where it runs.
                "-c", #"cd "$0" && exec "$@""#, deployment.directory.path, try PythonEnvironment.python(), "-m",
                "schemathesis.cli", "run", "http://127.0.0.1:\(deployment.httpPort)/openapi.json",
                "--exclude-path-regex", "/stream$", "--max-examples", "25", "--seed", "1", "--no-color",
            ], output: log, log: log + ".errors")
        try await eventually("schemathesis ends", seconds: 150) { process.ended != nil }
        let words = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        #expect(process.ended == .exited(0), "\(words)")
        // None may have been left out for a fault of the document.
        #expect(words.contains("Tested: 16"), "\(words)")
    }
}
