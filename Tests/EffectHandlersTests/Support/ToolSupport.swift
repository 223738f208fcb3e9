import Conversation
import EffectPort
import ConveyRuntime
import Foundation
import JournalPort
import Logging
import MQTTTransport
import Signals
import Synchronization
import TestSupport
import Testing

@testable import EffectHandlers

let weatherTool = #"""
    "get_weather":{"description":"Current weather of a city","timeout":"30s","parameters":{"type":"object",
    "properties":{"city":{"type":"string"},"seconds":{"type":"number"}},"required":["city"]}}
    """#

func session(port: Int, version: MQTTVersion = .v5) -> BrokerSession {
    BrokerSession(
        broker: BrokerAddress(host: "127.0.0.1", port: port), version: version, clientID: "convey",
        sessionExpirySeconds: 0,
        root: "conv", node: "test")
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A handler that is started, and shut down when `body` ends.
func withTools<Result>(
    _ declarations: String = "{\(weatherTool)}", port: Int = 1, version: MQTTVersion = .v5,
    logger: Logger = silentLogger, _ configure: (inout ToolLimits) -> Void = { _ in },
    _ body: (ToolHandler) async throws -> Result
) async throws -> Result {
    var limits = ToolLimits()
    configure(&limits)
    let handler = ToolHandler(
        try ToolDeclarations.parse(declarations), session: session(port: port, version: version), limits: limits,
        logger: logger)
    try handler.start()
    do {
        let result = try await body(handler)
        await handler.shutDown()
        return result
    } catch {
        await handler.shutDown()
        throw error
    }
}

func attempt(
    _ name: String = "get_weather", _ arguments: String = #"{"city":"Oslo"}"#, effectID: String = "tool-1/ä",
    number: Int = 1, cause: Int64 = 7, timeout: Duration = .seconds(30)
) -> EffectAttempt {
    EffectAttempt(
        idempotencyKey: "abcde-\(cause)-0",
        effect: OpenEffect(
            key: EffectKey(cause: Position(cause), ordinal: 0), conversation: ConversationID(1), subject: "chat-42",
            effectClass: .tool, kind: "execution", effectID: effectID, causeID: "m", attempt: number),
        input: Array("{}".utf8), call: ToolCall(id: "call_1", name: name, arguments: arguments),
        limits: EffectLimits(timeout: timeout), traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
}

/// What `emit` received.
final class Emitted: Sendable {
    private let deltas = Mutex<[EffectDelta]>([])

    var all: [EffectDelta] { deltas.withLock { $0 } }

    @Sendable func emit(_ delta: EffectDelta) { deltas.withLock { $0.append(delta) } }
}

func failedRun(
    _ handler: ToolHandler, _ attempt: EffectAttempt, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> EffectFailure {
    try await #require(throws: EffectFailure.self, sourceLocation: sourceLocation) {
        _ = try await handler.run(attempt) { _ in }
    }
}

/// A clock that the test sets.
final class Ticks: Sendable {
    private let time = Mutex<Int64>(0)

    var now: Int64 { time.withLock { $0 } }

    func advance(_ microseconds: Int64) { time.withLock { $0 += microseconds } }
}

/// Waits until a condition holds, without blocking a thread.
func eventually(_ what: String, seconds: Int = 10, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw TestSupportError("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A worker that keeps its calls and answers as the test says.
final class ScriptedWorker: Sendable {
    let client: MQTTClient
    private let received: Messages
    private let reading: Task<Void, Never>

    /// - Parameter answer: called for each call; its result is published with the call's correlation data.
    init(
        port: Int, id: String = "worker", filters: [String] = ["conv/tool/+/call", "conv/tool/+/cancel"],
        version: MQTTVersion = .v5, answer: @escaping @Sendable (JSONValue) -> [String] = { _ in [] }
    ) async throws {
        let client = try MQTTClient(
            MQTTOptions(
                broker: BrokerAddress(host: "127.0.0.1", port: port), clientID: id, version: version))
        self.client = client
        try await client.start()
        try await client.subscribe(filters)
        let received = Messages()
        self.received = received
        reading = Task {
            for await message in client.messages {
                received.all.withLock { $0.append(message) }
                guard message.topic.hasSuffix("/call"), let call = try? JSONValue(message.payload) else { continue }
                for reply in answer(call) { try? await Self.send(client, to: call, reply, message.correlationData) }
            }
        }
    }

    private final class Messages: Sendable {
        let all = Mutex<[ReceivedMessage]>([])
    }

    var calls: [ReceivedMessage] { received.all.withLock { $0.filter { $0.topic.hasSuffix("/call") } } }
    var cancels: [ReceivedMessage] { received.all.withLock { $0.filter { $0.topic.hasSuffix("/cancel") } } }

    static func send(
        _ client: MQTTClient, to call: JSONValue, _ reply: String, _ correlationData: [UInt8]?
    ) async throws {
        try await client.publish(
            topic: call["response_topic"]?.string ?? "", payload: Array(reply.utf8),
            properties: PublishProperties(correlationData: correlationData))
    }

    func stop() async { await client.stop() }
}
