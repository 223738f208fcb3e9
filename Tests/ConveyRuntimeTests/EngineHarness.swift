import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Logging
import Signals
import Testing

/// One engine over a simulated journal, driven transaction by transaction.
final class Harness {
    let disk = SimulatedDisk(partitionCount: 4)
    let journal: SimulatedJournal
    var engine: Engine
    var settings: EngineSettings
    var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(_ change: (inout EngineSettings) -> Void = { _ in }) throws {
        settings = EngineSettings()
        change(&settings)
        journal = SimulatedJournal(disk)
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
    }

    @discardableResult
    func take(_ signals: Signal...) throws -> EngineOutput {
        var input = EngineInput()
        input.inbound = signals.map { .accepted($0) }
        return try engine.process(input, at: time)
    }

    func restart() throws {
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
    }

    var types: [String] {
        disk.records.map { record in
            switch record.content {
            case .signal(let signal): signal.type
            case .marker: "marker"
            case .removed: "removed"
            case .unreadable: "unreadable"
            }
        }
    }

    // MARK: Effects

    @discardableResult
    func report(_ attempt: EffectAttempt, _ events: EffectReport.Event...) throws -> EngineOutput {
        var input = EngineInput()
        input.reports = events.map { EffectReport(attempt.effect, $0) }
        return try engine.process(input, at: time)
    }

    /// Lets time pass and does everything due by then.
    @discardableResult
    func pass(_ milliseconds: Int64) throws -> EngineOutput {
        time.monotonic += milliseconds
        time.wall += milliseconds * 1_000
        return try transact()
    }

    @discardableResult
    func transact() throws -> EngineOutput { try engine.process(EngineInput(), at: time) }

    /// Runs transactions until nothing is left to do without new input; each one fetches what the one before was
    /// missing.
    /// - Returns: the attempts that were started.
    func settle() throws -> [EffectAttempt] {
        var attempts: [EffectAttempt] = []
        while engine.hasWork { attempts += try transact().attempts }
        return attempts
    }

    /// The signals of a type, oldest first.
    func signals(_ type: String) -> [Signal] {
        disk.records.compactMap { record in
            if case .signal(let signal) = record.content, signal.type == type { signal } else { nil }
        }
    }

    func data(_ type: String, _ index: Int = 0) throws -> JSONValue {
        let found = signals(type)
        try #require(index < found.count, "\(found.count) signals of type \(type)")
        return try JSONValue(found[index].data)
    }
}

extension EngineOutput {
    var attempts: [EffectAttempt] {
        orders.compactMap { if case .run(let attempt) = $0 { attempt } else { nil } }
    }

    var stops: [EffectKey] {
        orders.compactMap { if case .stop(let key) = $0 { key } else { nil } }
    }
}
