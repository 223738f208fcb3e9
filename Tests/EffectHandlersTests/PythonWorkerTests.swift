import ConveyEngine
import EffectPort
import Foundation
import TestSupport
import Testing

@testable import EffectHandlers

/// The example worker, from which client authors start, does what docs/PROTOCOL.md promises.
@Suite(.timeLimit(.minutes(5)), .serialized) struct PythonWorkerTests {
    @Test func `The example worker reports progress, fails, and does nothing twice`() async throws {
        let broker = try MosquittoProcess()
        let log = broker.directory.appendingPathComponent("results.jsonl")
        var worker = try PythonWorker(broker: broker, log: log)
        try await withTools(port: broker.port) { handler in
            let emitted = Emitted()
            let result = try await handler.run(attempt(), emit: emitted.emit)
            #expect(result.content == #"{"city": "Oslo", "temperature": 18, "unit": "C"}"#)
            #expect(emitted.all == [EffectDelta("asking the station of Oslo", kind: .message)])

            let failure = try await failedRun(handler, attempt("get_weather", #"{"city":"Atlantis"}"#, cause: 8))
            #expect(failure.category == .config)
            #expect(failure.message.contains("no weather station in Atlantis"))

            // Another process of it, another attempt: the same result, without the work.
            worker.kill()
            worker = try PythonWorker(broker: broker, log: log)
            let again = Emitted()
            #expect(try await handler.run(attempt(number: 2), emit: again.emit).content == result.content)
            #expect(again.all.isEmpty)
        }
        worker.kill()
    }

    @Test func `When a worker is killed in a call, the attempt times out and the next one succeeds`() async throws {
        let broker = try MosquittoProcess()
        let log = broker.directory.appendingPathComponent("results.jsonl")
        var worker = try PythonWorker(broker: broker, log: log)
        try await withTools(port: broker.port) { handler in
            let emitted = Emitted()
            let slow = attempt("get_weather", #"{"city":"Oslo","seconds":60}"#, timeout: .seconds(2))
            let task = Task { try await handler.run(slow, emit: emitted.emit) }
            try await eventually("it is under way") { emitted.all.count == 1 }
            worker.kill()
            let failure = try await #require(throws: EffectFailure.self) { _ = try await task.value }
            #expect(failure.category == .timeout)
            worker = try PythonWorker(broker: broker, log: log)
            let result = try await handler.run(attempt(number: 2)) { _ in }
            #expect(result.content.contains("Oslo"))
        }
        worker.kill()
    }

    @Test func `A call that is canceled stops the worker, and the same call can be made again`() async throws {
        let broker = try MosquittoProcess()
        let worker = try PythonWorker(broker: broker, log: broker.directory.appendingPathComponent("results.jsonl"))
        try await withTools(port: broker.port) { handler in
            let emitted = Emitted()
            let slow = attempt("get_weather", #"{"city":"Oslo","seconds":60}"#)
            let task = Task { try await handler.run(slow, emit: emitted.emit) }
            try await eventually("it is under way") { emitted.all.count == 1 }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            // Its first run would answer after a minute.
            #expect(try await handler.run(attempt(number: 2)) { _ in }.content.contains("Oslo"))
        }
        worker.kill()
    }
}
