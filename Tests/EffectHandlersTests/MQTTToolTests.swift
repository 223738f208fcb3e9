import ConveyEngine
import EffectPort
import Foundation
import MQTTTransport
import Signals
import Synchronization
import TestSupport
import Testing

@testable import EffectHandlers

@Suite(.timeLimit(.minutes(2))) struct MQTTToolTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `A call's payload repeats its properties, and its result is the effect's`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port) { _ in
            [
                #"{"type":"progress","message":"one\nmoment"}"#,
                #"{"type":"result","content":{"temperature":18.50}}"#,
            ]
        }
        let emitted = Emitted()
        let result = try await withTools(port: broker.port) { try await $0.run(attempt(), emit: emitted.emit) }
        #expect(result == EffectResult(content: #"{"temperature":18.50}"#))
        #expect(emitted.all == [EffectDelta("one moment", kind: .message)])

        let message = try #require(worker.calls.first)
        #expect(message.topic == "conv/tool/get_weather/call")
        #expect(message.responseTopic == "conv/tool/get_weather/result/tool-1%2F%C3%A4")
        #expect(message.contentType == "application/json")
        let key = attempt().idempotencyKey
        #expect(message.userProperties.contains { $0 == ("idempotency-key", key) })
        #expect(message.userProperties.contains { $0.0 == "traceparent" && $0.1.hasPrefix("00-4bf9") })
        let call = try JSONValue(message.payload)
        #expect(call["call_id"] == .string("call_1"))
        #expect(call["name"] == .string("get_weather"))
        #expect(call["arguments"] == .object([("city", .string("Oslo"))]))
        #expect(call["effect_id"] == .string("tool-1/ä"))
        #expect(call["subject"] == .string("chat-42"))
        #expect(call["attempt"] == .integer("1"))
        #expect(call["idempotency_key"] == .string(key))
        #expect(call["response_topic"]?.string == message.responseTopic)
        let deadline = try #require(call["deadline"]?.string)
        let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        #expect(try format.parse(deadline) > .now)
        await worker.stop()
    }

    @Test(arguments: [
        (#"{"type":"result","content":"18 degrees"}"#, "18 degrees"),
        (#"{"type":"result","content":null}"#, "null"),
        (#"{"type":"result","content":[1, 2]}"#, "[1, 2]"),
    ])
    func `A string is its text, any other content is its JSON`(reply: String, content: String) async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port) { _ in [reply] }
        let result = try await withTools(port: broker.port) { try await $0.run(attempt()) { _ in } }
        #expect(result.content == content)
        await worker.stop()
    }

    @Test(arguments: [
        (#"{"type":"error","message":"no such city"}"#, EffectFailure.Category.config, "failed: no such city"),
        (#"{"type":"error","message":"busy","retriable":true}"#, .provider, "failed: busy"),
        (#"{"type":"error"}"#, .config, "no reason given"),
        ("nonsense", .provider, "an answer that is not JSON"),
        ("[]", .provider, "an answer that is not a JSON object"),
        (#"{"type":"result"}"#, .provider, "of type result without content"),
        (#"{"type":"done"}"#, .provider, "of the unknown type done"),
        (#"{}"#, .provider, "without a type"),
    ])
    func `An error, or an unreadable answer, fails the attempt`(
        reply: String, category: EffectFailure.Category, message: String
    ) async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port) { _ in [reply] }
        let failure = try await withTools(port: broker.port) { try await failedRun($0, attempt()) }
        #expect(failure.category == category)
        #expect(failure.message.contains(message), "\(failure.message)")
        await worker.stop()
    }

    @Test func `A result beyond the limit is a failure that says so`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port) { _ in
            [#"{"type":"result","content":"\#(String(repeating: "x", count: 5_000))"}"#]
        }
        let failure = try await withTools(port: broker.port, { $0.resultBytes = 1_000 }) {
            try await failedRun($0, attempt())
        }
        #expect(failure.category == .config)
        #expect(failure.message.contains("the limit is 1000 bytes"))
        await worker.stop()
    }

    @Test func `Where no worker is subscribed a call fails as transport and names the topic`() async throws {
        let broker = try MosquittoProcess()
        try await withTools(port: broker.port) { handler in
            let failure = try await failedRun(handler, attempt())
            #expect(failure.category == .transport)
            #expect(failure.message.contains("none is subscribed to conv/tool/get_weather/call"), "\(failure.message)")
        }
    }

    @Test func `A worker with a shared subscription counts as subscribed`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(
            port: broker.port, filters: ["$share/weather/conv/tool/get_weather/call"]
        ) { _ in [#"{"type":"result","content":"ok"}"#] }
        let result = try await withTools(port: broker.port) { try await $0.run(attempt()) { _ in } }
        #expect(result.content == "ok")
        await worker.stop()
    }

    @Test func `Workers and Convey on MQTT 3.1.1 recognize each other's attempts by the payload`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port, version: .v311) { call in
            let (key, attempt) = (call["idempotency_key"]?.string ?? "", call["attempt"]?.int ?? 0)
            return [
                #"{"type":"error","message":"of another","idempotency_key":"x","attempt":1}"#,
                #"{"type":"error","message":"of nobody"}"#,
                #"{"type":"result","content":"ok","idempotency_key":"\#(key)","attempt":\#(attempt)}"#,
            ]
        }
        let result = try await withTools(port: broker.port, version: .v311) { try await $0.run(attempt()) { _ in } }
        #expect(result.content == "ok")
        await worker.stop()
    }

    @Test func `An attempt that is cancelled ends at once, and its worker is told`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port)
        try await withTools(port: broker.port) { handler in
            let task = Task { try await handler.run(attempt()) { _ in } }
            try await eventually("the call arrives") { worker.calls.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await eventually("the worker is told") { worker.cancels.count == 1 }
        }
        let message = try #require(worker.cancels.first)
        #expect(message.topic == "conv/tool/get_weather/cancel")
        let cancel = try JSONValue(message.payload)
        #expect(cancel["effect_id"] == .string("tool-1/ä"))
        #expect(cancel["idempotency_key"] == .string(attempt().idempotencyKey))
        #expect(cancel["attempt"] == .integer("1"))
        #expect(cancel["reason"] == .string("canceled"))
        await worker.stop()
    }

    @Test func `When a worker does not answer in time, it is told so and the attempt fails as timeout`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port)
        try await withTools(port: broker.port) { handler in
            let failure = try await failedRun(handler, attempt(timeout: .milliseconds(300)))
            #expect(failure.category == .timeout)
            try await eventually("the worker is told") { worker.cancels.count == 1 }
            let cancel = try JSONValue(try #require(worker.cancels.first).payload)
            #expect(cancel["reason"] == .string("timeout"))
        }
        await worker.stop()
    }

    @Test func `A lost broker fails the calls already sent, and the next attempt succeeds`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port) { call in
            call["attempt"]?.int == 1 ? [] : [#"{"type":"result","content":"ok"}"#]
        }
        try await withTools(port: broker.port) { handler in
            async let first = failedRun(handler, attempt())
            try await eventually("the call arrives") { worker.calls.count == 1 }
            // Acknowledged before anything published after it is delivered.
            try await worker.client.publish(topic: "conv/other", payload: [])
            try await eventually("the call is acknowledged") {
                broker.log.contains("Sending PUBACK to convey-tools")
            }
            broker.kill()
            #expect(try await first.category == .transport)
            try broker.start()
            var result: EffectResult?
            let deadline = ContinuousClock.now + .seconds(20)
            while result == nil, ContinuousClock.now < deadline {
                do { result = try await handler.run(attempt(number: 2)) { _ in } } catch let failure as EffectFailure {
                    #expect(failure.category == .transport)
                }
            }
            #expect(result?.content == "ok")
        }
        await worker.stop()
    }

    @Test func `More calls than the limit fail as transport, and leave nothing behind`() async throws {
        let broker = try MosquittoProcess()
        let worker = try await ScriptedWorker(port: broker.port)
        try await withTools(port: broker.port, { $0.calls = 2 }) { handler in
            let tasks = (1...2).map { cause in
                Task { try await handler.run(attempt(cause: Int64(cause))) { _ in } }
            }
            try await eventually("two calls arrive") { worker.calls.count == 2 }
            let failure = try await failedRun(handler, attempt(cause: 3))
            #expect(failure.category == .transport)
            #expect(failure.message.contains("too many tool calls wait for an answer: 2"))
            for task in tasks {
                task.cancel()
                _ = await task.result
            }
            try await eventually("both are told") { worker.cancels.count == 2 }
        }
        await worker.stop()
    }
}
