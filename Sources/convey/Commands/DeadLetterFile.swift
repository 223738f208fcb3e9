import ConveyEngine
import EffectPort
import Foundation
import JournalPort
import JournalReading
import Logging
import Terminal

/// The journals themselves, read and changed without a service.
struct DeadLetterFile: DeadLetterEndpoint {
    private let store: any JournalStore
    private let shards: Int
    private let letters: DeadLetterShards

    /// - Throws: the exit status, where the journals cannot be read.
    init(directory: String) throws {
        let store = try Self.orExit { () throws(JournalError) in try Journals.existing(in: directory) }
        let shards = try Self.orExit { () throws(JournalError) in try store.layout().shards }
        self.store = store
        self.shards = shards
        letters = DeadLetterShards(count: { shards }) { read in
            Self.result { () throws(JournalError) in try ShardedQueryExecutor(ShardReaders(store)).deadLetters(read) }
        } move: { shard, move in
            Self.result { () throws(JournalError) in try Self.carryOut(move, store.openWriter(shard: shard)) }
        }
    }

    func list(_ selection: DeadLetterSelection, after: String?, limit: Int) async throws -> String {
        let start = try after.map { try place($0) } ?? .start
        let found = try await Self.orExit { () async throws(JournalError) in
            try await letters.list(selection, after: start, limit: limit)
        }
        return String(decoding: DeadLetterJSON.list(found, shards: shards), as: UTF8.self)
    }

    func show(_ position: String) async throws -> String {
        let place = try place(position)
        let letter = try await Self.orExit { () async throws(JournalError) in try await letters.show(place) }
        guard let letter else {
            StandardError.print("no such dead letter")
            throw ExitStatus.noInput
        }
        return String(decoding: DeadLetterJSON.letter(letter, shards: shards), as: UTF8.self)
    }

    func move(_ action: DeadLetterMove.Action, _ positions: [String]) async throws -> String {
        let places = try positions.map { try place($0) }
        let outcomes = try await Self.orExit { () async throws(JournalError) in
            // Fails if a service has the journals open.
            _ = try store.prepare()
            return try await letters.move(action, places)
        }
        return String(decoding: DeadLetterJSON.outcomes(outcomes, shards: shards), as: UTF8.self)
    }

    private func place(_ text: String) throws -> ShardPosition {
        if let place = ShardPosition(text, shards: shards) { return place }
        let form = shards == 1 ? "a position is a whole number" : "a position is written SHARD.POSITION"
        StandardError.print("\(text): \(form), as list shows it")
        throw ExitStatus.noInput
    }

    /// One transaction of an engine that applies nothing and starts no effects: the next start of the service does.
    private static func carryOut(
        _ move: DeadLetterMove, _ journal: any Journal
    ) throws(JournalError) -> [DeadLetterOutcome] {
        var settings = EngineSettings()
        settings.effects.llm.maxConcurrent = 0
        settings.effects.tool.maxConcurrent = 0
        settings.applyBudget = 0
        settings.causeTimeoutMilliseconds = .max / 2
        let time = EngineTime(wall: now(), monotonic: 0)
        let engine = try Engine(
            journal: journal, settings: settings, time: time,
            logger: Logger(label: "deadletters") { _ in SwiftLogNoOpLogHandler() })
        var input = EngineInput()
        input.deadLetterMoves = [move]
        return try engine.process(input, at: time).deadLetterOutcomes.flatMap(\.self)
    }

    private static func result<Value>(_ body: () throws(JournalError) -> Value) -> Result<Value, JournalError> {
        do { return .success(try body()) } catch { return .failure(error) }
    }

    /// Microseconds since 1970.
    private static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    private static func orExit<Value>(_ body: () throws(JournalError) -> Value) throws -> Value {
        do { return try body() } catch { throw exit(error) }
    }

    private static func orExit<Value>(_ body: () async throws(JournalError) -> Value) async throws -> Value {
        do { return try await body() } catch { throw exit(error) }
    }

    private static func exit(_ error: JournalError) -> any Error {
        StandardError.print(error.message + (error.code == .inUse ? "; or leave --data out to ask it" : ""))
        return ExitStatus.unavailable
    }
}
