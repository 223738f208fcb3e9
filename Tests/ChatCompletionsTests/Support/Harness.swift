import Conversation
import Signals
import Synchronization
import TestSupport
import Testing

@testable import ChatCompletions

/// A key that must not appear in any answer or message.
let testKey = "sk-test-4f1e9c7d2b"

/// A client that is shut down when `body` ends.
func withClient<Result>(
    _ configure: (inout ChatClient.Configuration) -> Void = { _ in }, _ body: (ChatClient) async throws -> Result
) async throws -> Result {
    var configuration = ChatClient.Configuration()
    // Each piece by itself, unless a test is about joining them.
    configuration.coalescingDelay = .zero
    configure(&configuration)
    let client = ChatClient(configuration: configuration)
    do {
        let result = try await body(client)
        await client.shutDown()
        return result
    } catch {
        await client.shutDown()
        throw error
    }
}

func provider(
    _ server: ScriptedHTTPServer, name: String = "scripted", key: String? = testKey
) throws -> ChatProvider {
    try provider(port: server.port, name: name, key: key)
}

func provider(port: Int, name: String = "scripted", key: String? = testKey) throws -> ChatProvider {
    try ChatProvider(
        name: name, baseURL: "http://127.0.0.1:\(port)/v1", apiKey: key.map(Secret.init), model: "test-model")
}

let hello = ChatRequest(messages: [ChatMessage(role: .user, content: "hello, private words")])

/// What `emit` received.
final class Deltas: Sendable {
    private let deltas = Mutex<[ChatDelta]>([])

    var all: [ChatDelta] { deltas.withLock { $0 } }

    var content: String {
        all.reduce(into: "") { text, delta in if case .content(let more) = delta { text += more } }
    }

    @Sendable func emit(_ delta: ChatDelta) { deltas.withLock { $0.append(delta) } }
}

/// The failure of a request; a request that succeeds fails the test.
func failure(
    of request: ChatRequest = hello, _ client: ChatClient, _ provider: ChatProvider,
    timeouts: ChatTimeouts = ChatTimeouts(), into deltas: Deltas = Deltas(),
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> ChatFailure {
    let failure = try await #require(throws: ChatFailure.self, sourceLocation: sourceLocation) {
        try await client.run(request, provider: provider, timeouts: timeouts) { deltas.emit($0) }
    }
    // Whatever the failure: neither the key nor any text of the conversation.
    for text in [failure.message, "\(failure)", String(reflecting: failure)] {
        #expect(!text.contains(testKey), sourceLocation: sourceLocation)
        #expect(!text.contains("private words"), sourceLocation: sourceLocation)
    }
    #expect(failure.message.contains(provider.name), sourceLocation: sourceLocation)
    return failure
}

/// The failure that one script leads to.
func failure(
    timeouts: ChatTimeouts = ChatTimeouts(), _ configure: (inout ChatClient.Configuration) -> Void = { _ in },
    into deltas: Deltas = Deltas(), sourceLocation: SourceLocation = #_sourceLocation,
    script: @escaping ScriptedHTTPServer.Script
) async throws -> ChatFailure {
    let server = try ScriptedHTTPServer(script)
    return try await withClient(configure) { client in
        try await failure(
            client, provider(server), timeouts: timeouts, into: deltas, sourceLocation: sourceLocation)
    }
}

/// Waits until a condition holds, without blocking a thread.
func eventually(_ what: String, seconds: Int = 10, _ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw TestSupportError("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// The data of a chunk with some text.
func textChunk(_ text: String, finish: String? = nil, member: StaticString = "content") -> String {
    var delta = JSONObjectBuilder()
    delta.add(member, text)
    return chunk(delta: String(decoding: delta.finish(), as: UTF8.self), finish: finish)
}

/// The data of a chunk.
func chunk(delta: String, finish: String? = nil) -> String {
    let reason = finish.map { "\"\($0)\"" } ?? "null"
    return #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"served-model","#
        + #""choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
}

/// Reproducible random numbers (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// `bytes`, cut at random places.
func cut(_ bytes: [UInt8], using random: inout Seeded) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let size = Int.random(in: 1...max(1, min(rest.count, 24)), using: &random)
        pieces.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
    }
    return pieces
}
