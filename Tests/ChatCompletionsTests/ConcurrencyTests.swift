import TestSupport
import Testing

@testable import ChatCompletions

@Suite(.timeLimit(.minutes(1))) struct ConcurrencyTests {
    @Test func twoHundredStreamsRunAtOnceEachWithItsOwnText() async throws {
        let all = Gate()
        let server = try ScriptedHTTPServer { request, connection in
            try connection.beginStream()
            // Nobody finishes before all have begun.
            try connection.events([textChunk("begin ")])
            try connection.wait(for: all)
            let name = request["idempotency-key"] ?? "none"
            try connection.events((0..<20).map { textChunk("\(name)-\($0) ") })
            try connection.events([textChunk("", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
        try await withClient { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        var request = hello
                        request.idempotencyKey = "k\(index)"
                        let deltas = Deltas()
                        let outcome = try await client.run(request, provider: provider(server)) { delta in
                            deltas.emit(delta)
                            if server.requests.count == 200 { all.open() }
                        }
                        let expected = "begin " + (0..<20).map { "k\(index)-\($0) " }.joined()
                        #expect(outcome.content == expected)
                        #expect(deltas.content == expected)
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(server.connectionCount == 200)
    }
}
