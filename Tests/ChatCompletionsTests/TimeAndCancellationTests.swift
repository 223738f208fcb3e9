import TestSupport
import Testing

@testable import ChatCompletions

@Suite(.timeLimit(.minutes(1))) struct TimeAndCancellationTests {
    @Test func aProviderThatDoesNotAnswerTimesOut() async throws {
        let failure = try await failure(timeouts: ChatTimeouts(firstToken: .milliseconds(50))) { _, connection in
            try connection.stall()
        }
        #expect(failure.category == .timeout)
        #expect(failure.message.contains("0.05 s"))
    }

    @Test func keepAlivesWithoutATokenTimeOut() async throws {
        let failure = try await failure(timeouts: ChatTimeouts(firstToken: .milliseconds(50))) { _, connection in
            try connection.beginStream()
            while true {
                try connection.chunk(": keep-alive\n\n")
                try connection.pause(milliseconds: 5)
            }
        }
        #expect(failure.category == .timeout)
    }

    @Test func aStreamThatStallsTimesOutAndItsConnectionIsClosed() async throws {
        let deltas = Deltas()
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("partly")])
            try connection.stall()
        }
        try await withClient({ $0.coalescingDelay = .seconds(10) }) { client in
            let failure = try await failure(
                client, provider(server), timeouts: ChatTimeouts(idle: .milliseconds(50)), into: deltas)
            #expect(failure.category == .timeout)
            #expect(failure.partialContent == "partly")
            try await eventually("the client closes") { server.closures.count == 1 }
        }
        #expect(deltas.content == "partly")
    }

    @Test func aStreamThatGoesOnForTooLongTimesOut() async throws {
        let failure = try await failure(timeouts: ChatTimeouts(total: .milliseconds(500))) { _, connection in
            try connection.beginStream()
            while true {
                try connection.events([textChunk("on ")])
                try connection.pause(milliseconds: 5)
            }
        }
        #expect(failure.category == .timeout)
        #expect(failure.message.contains("0.5 s"))
    }

    @Test func aWholeReplyThatDoesNotComeTimesOut() async throws {
        let server = try ScriptedHTTPServer { _, connection in try connection.stall() }
        try await withClient { client in
            var request = hello
            request.stream = false
            let failure = try await failure(
                of: request, client, provider(server),
                timeouts: ChatTimeouts(total: .milliseconds(100), firstToken: .milliseconds(1), idle: .milliseconds(1)))
            #expect(failure.category == .timeout)
            #expect(failure.message.contains("0.1 s"))
        }
    }

    @Test func aHostThatDoesNotTakeConnectionsTimesOut() async throws {
        // A listener whose queue is full lets the kernel drop further attempts.
        let full = try FullListener()
        try await withClient({ $0.connectTimeout = .milliseconds(100) }) { client in
            let failure = try await failure(client, provider(port: full.port))
            #expect(failure.category == .timeout)
            #expect(failure.message.contains("could not be reached within 0.1 s"))
        }
    }

    @Test func aRequestBeyondTheConnectionsThatAreAllowedTimesOut() async throws {
        let server = try ScriptedHTTPServer { _, connection in try connection.stall() }
        try await withClient({
            $0.connectionsPerHost = 1
            $0.connectTimeout = .milliseconds(500)
        }) { client in
            let first = Task { try await client.run(hello, provider: provider(server)) { _ in } }
            try await eventually("the first request arrives") { server.requests.count == 1 }
            let failure = try await failure(client, provider(server))
            #expect(failure.category == .timeout)
            #expect(failure.message.contains("no free connection"))
            first.cancel()
            _ = await first.result
        }
    }

    // MARK: Cancellation

    /// Where a request is when its task is cancelled.
    enum Moment: CaseIterable, Sendable { case beforeTheHead, inTheStream, inEmit }

    @Test(arguments: Moment.allCases) func aCancelledTaskClosesItsConnectionAtOnce(moment: Moment) async throws {
        let server = try ScriptedHTTPServer { _, connection in
            if moment != .beforeTheHead {
                try connection.beginStream()
                try connection.events([textChunk("a")])
            }
            try connection.stall()
        }
        var times: [Duration] = []
        try await withClient { client in
            for _ in 0..<5 { times.append(try await timeToClose(server, client, moment)) }
        }
        // The fastest one: on a busy machine, any of them may have to wait for a processor.
        #expect(try #require(times.min()) < .milliseconds(100))
    }

    /// Runs a request, cancels it, and measures until the server sees its connection closed.
    private func timeToClose(
        _ server: ScriptedHTTPServer, _ client: ChatClient, _ moment: Moment
    ) async throws -> Duration {
        let (requests, closures) = (server.requests.count, server.closures.count)
        let (emitting, release) = (Gate(), Gate())
        let provider = try ChatCompletionsTests.provider(server)
        let task = Task {
            try await client.run(hello, provider: provider) { _ in
                emitting.open()
                // Ignores the cancellation.
                if moment == .inEmit { while !release.isOpen { await Task.yield() } }
            }
        }
        try await eventually("the request is where it should be") {
            server.requests.count == requests + 1 && (moment == .beforeTheHead || emitting.isOpen)
        }
        let start = ContinuousClock.now
        task.cancel()
        try await eventually("the client closes") { server.closures.count == closures + 1 }
        release.open()
        await #expect(throws: CancellationError.self) { try await task.value }
        return try #require(server.closures.last) - start
    }

    @Test func aTaskThatIsCancelledAlreadyAsksNobody() async throws {
        let server = try ScriptedHTTPServer { _, connection in try connection.reply("{}") }
        try await withClient { client in
            let gate = Gate()
            let task = Task {
                while !gate.isOpen { await Task.yield() }
                return try await client.run(hello, provider: provider(server)) { _ in }
            }
            task.cancel()
            gate.open()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(server.requests.isEmpty)
    }

    @Test func shuttingDownEndsWhatRuns() async throws {
        let server = try ScriptedHTTPServer { _, connection in try connection.stall() }
        let client = ChatClient()
        let task = Task { try await client.run(hello, provider: provider(server)) { _ in } }
        try await eventually("the request arrives") { server.requests.count == 1 }
        await client.shutDown()
        let failure = await #expect(throws: ChatFailure.self) { try await task.value }
        #expect(failure?.category == .canceled)
    }
}
