import TestSupport
import Testing

@testable import ChatCompletions

@Suite(.timeLimit(.minutes(1))) struct ChainTests {
    private func good() throws -> ScriptedHTTPServer {
        try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("good", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
    }

    private func bad(_ status: Int, headers: [String] = []) throws -> ScriptedHTTPServer {
        try ScriptedHTTPServer { _, connection in try connection.reply(status: status, headers: headers, "{}") }
    }

    @Test(arguments: [400, 401, 429, 503, 504]) func theNextProviderIsAskedWhenOneFails(status: Int) async throws {
        let (first, second) = (try bad(status), try good())
        let deltas = Deltas()
        try await withClient { client in
            let chain = try ChatProviderChain([provider(first, name: "one"), provider(second, name: "two")])
            var request = hello
            request.idempotencyKey = "effect-1"
            let outcome = try await client.run(request, chain: chain) { deltas.emit($0) }
            #expect(outcome.provider == "two")
            #expect(outcome.content == "good")
        }
        #expect(deltas.content == "good")
        #expect(first.requests.count == 1)
        #expect(second.requests.first?["idempotency-key"] == "effect-1")
    }

    @Test func theNextProviderIsAskedWhenOneCannotBeReachedOrSaysNothing() async throws {
        let second = try ScriptedHTTPServer { _, connection in try connection.stall() }
        let third = try good()
        try await withClient { client in
            let chain = try ChatProviderChain([
                provider(port: freePort(), name: "one"), provider(second, name: "two"), provider(third, name: "three"),
            ])
            let timeouts = ChatTimeouts(firstToken: .seconds(1))
            let outcome = try await client.run(hello, chain: chain, timeouts: timeouts) { _ in }
            #expect(outcome.provider == "three")
        }
    }

    @Test func theFirstProviderThatAnswersIsTheOnlyOneAsked() async throws {
        let (first, second) = (try good(), try good())
        try await withClient { client in
            let chain = try ChatProviderChain([provider(first, name: "one"), provider(second, name: "two")])
            let outcome = try await client.run(hello, chain: chain) { _ in }
            #expect(outcome.provider == "one")
        }
        #expect(second.requests.isEmpty)
    }

    @Test func afterOutputHasBegunNoOtherProviderIsAsked() async throws {
        let first = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("partly")])
            connection.close()
        }
        let second = try good()
        try await withClient { client in
            let chain = try ChatProviderChain([provider(first, name: "one"), provider(second, name: "two")])
            let failure = await #expect(throws: ChatFailure.self) { try await client.run(hello, chain: chain) { _ in } }
            #expect(failure?.category == .transport)
            #expect(failure?.partialContent == "partly")
        }
        #expect(second.requests.isEmpty)
    }

    @Test func whenAllFailTheFailureTellsOfEachAndIsRetriableIfOneIs() async throws {
        let servers = [
            try bad(503, headers: ["Retry-After: 9"]), try bad(429, headers: ["Retry-After: 4"]), try bad(401),
        ]
        try await withClient { client in
            let names = ["one", "two", "three"]
            let chain = try ChatProviderChain(zip(servers, names).map { try provider($0, name: $1) })
            let failure = try #require(
                await #expect(throws: ChatFailure.self) { try await client.run(hello, chain: chain) { _ in } })
            #expect(failure.category == .provider)
            #expect(failure.status == 429)
            #expect(failure.retryAfter == .seconds(4))
            for (name, status) in zip(names, [503, 429, 401]) {
                #expect(failure.message.contains(name))
                #expect(failure.message.contains("answered \(status)"))
            }
        }
    }

    @Test func theTotalTimeIsOfTheWholeChain() async throws {
        let stall: ScriptedHTTPServer.Script = { _, connection in try connection.stall() }
        let (first, second) = (try ScriptedHTTPServer(stall), try ScriptedHTTPServer(stall))
        try await withClient { client in
            let chain = try ChatProviderChain([provider(first, name: "one"), provider(second, name: "two")])
            let failure = await #expect(throws: ChatFailure.self) {
                try await client.run(hello, chain: chain, timeouts: ChatTimeouts(total: .milliseconds(50))) { _ in }
            }
            #expect(failure?.category == .timeout)
        }
        #expect(second.requests.isEmpty)
    }

    @Test func aCancelledTaskAsksNoFurtherProvider() async throws {
        let first = try ScriptedHTTPServer { _, connection in try connection.stall() }
        let second = try good()
        try await withClient { client in
            let chain = try ChatProviderChain([provider(first, name: "one"), provider(second, name: "two")])
            let task = Task { try await client.run(hello, chain: chain) { _ in } }
            try await eventually("the request arrives") { first.requests.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(second.requests.isEmpty)
    }

    @Test func `Each request is reported, with its result and the next provider`() async throws {
        let (first, second) = (try bad(503), try good())
        var reports: [ChatReport] = []
        try await withClient { client in
            let chain = try ChatProviderChain([provider(first, name: "one"), provider(second, name: "two")])
            _ = try await client.run(hello, chain: chain, report: { reports.append($0) }) { _ in }
        }
        try #require(reports.map(\.provider) == ["one", "two"])
        guard case .failed(let failure, let next) = reports[0].end, case .completed(let outcome) = reports[1].end else {
            Issue.record("\(reports)")
            return
        }
        #expect(failure.status == 503)
        #expect(next == "two")
        #expect(outcome.content == "good")
        #expect(reports[0].firstToken == nil)
        #expect(try #require(reports[1].firstToken) <= reports[1].duration)
    }

    @Test func `The last failure of a chain has no next provider`() async throws {
        let servers = [try bad(503), try bad(401)]
        var nexts: [String?] = []
        try await withClient { client in
            let chain = try ChatProviderChain(zip(servers, ["one", "two"]).map { try provider($0, name: $1) })
            await #expect(throws: ChatFailure.self) {
                try await client.run(hello, chain: chain) { report in
                    if case .failed(_, let next) = report.end { nexts.append(next) }
                } emit: { _ in
                }
            }
        }
        #expect(nexts == ["two", nil])
    }

    @Test func aChainWithoutProvidersIsAConfigFailure() {
        #expect(throws: ChatFailure.self) { try ChatProviderChain([]) }
    }
}
