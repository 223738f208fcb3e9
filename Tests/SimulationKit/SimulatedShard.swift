import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Logging
import Signals

/// One shard of the simulated process: a disk, and the process's memory for it.
struct SimulatedShard {
    let disk: SimulatedDisk
    private let settings: EngineSettings
    private var journal: SimulatedJournal
    private var engine: Engine
    private var writer: OutboundEnvelope
    /// Committed and not yet published; lost in a crash, and read again from the cursor.
    private var outbox: [OutboundEvent] = []
    private(set) var acknowledgedCursor = Position.start
    private(set) var running: [EffectKey: (attempt: EffectAttempt, deltas: Int)] = [:]
    /// Stopped attempts: their reports come late.
    private var stopped: [OpenEffect] = []
    /// The key by which providers and tools know each effect.
    private(set) var idempotencyKeys: [EffectKey: String] = [:]
    /// An engine of a node that was stopped while another one took the shard over, and does not know it yet.
    private var zombie: Engine?
    /// Conversations rebuilt by earlier engines.
    private var rebuiltBefore = 0
    /// The step at which a failed shard returns; nil while it works.
    private(set) var isBackAt: Int?

    private static let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    init(_ disk: SimulatedDisk, settings: EngineSettings, time: EngineTime) throws {
        self.disk = disk
        self.settings = settings
        journal = SimulatedJournal(disk)
        writer = OutboundEnvelope(root: "conv", ids: DerivedIDs(disk.shard.tag))
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
    }

    var rebuilt: Int { rebuiltBefore + Int(engine.metrics.counters.conversationsRebuilt) }
    var isQuiet: Bool {
        isBackAt == nil && !engine.hasWork && running.isEmpty && outbox.isEmpty && disk.effects.isEmpty
    }
    var hasUnpublished: Bool { !outbox.isEmpty }
    var nextTimeout: Int64? { engine.nextTimeout() }

    /// There is something to do at once without new input.
    var hasWork: Bool { engine.hasWork }

    /// Running attempts, oldest first.
    var attempts: [EffectAttempt] {
        running.values.map(\.attempt).sorted { Self.precedes($0.effect.key, $1.effect.key) }
    }

    /// The attempt ordered first.
    var oldestAttempt: (key: EffectKey, attempt: EffectAttempt, deltas: Int)? {
        running.min { Self.precedes($0.key, $1.key) }.map { ($0.key, $0.value.attempt, $0.value.deltas) }
    }

    /// Calls that wait for approval, oldest first.
    var waitingCalls: [OpenEffect] {
        disk.effects.values.filter(\.awaitsApproval).sorted { Self.precedes($0.key, $1.key) }
    }

    private static func precedes(_ a: EffectKey, _ b: EffectKey) -> Bool {
        (a.cause, a.ordinal) < (b.cause, b.ordinal)
    }

    /// The state in memory; nil for a subject without records.
    func state(ofSubject subject: String) throws -> ConversationState? { try engine.state(ofSubject: subject) }

    // MARK: Transactions

    /// Runs one transaction of the engine. No other function calls it.
    /// - Returns: nil when the commit failed; the engine must then be replaced.
    mutating func transact(
        _ input: EngineInput, at time: EngineTime, fault: SimulatedJournal.Fault
    ) throws -> EngineOutput? {
        journal.fault = fault
        guard let output = try? engine.process(input, at: time) else { return nil }
        journal.fault = .none
        if let next = engine.nextTimeout(), next < 0 {
            throw Simulation.Violation(description: "due at \(next) ms, a time that no thread can wait for")
        }
        try checkCommitted(output)
        return output
    }

    /// Does everything that a committed transaction allows.
    mutating func act(on output: EngineOutput) throws {
        outbox += output.outbound
        for order in output.orders {
            switch order {
            case .run(let attempt):
                try checkRequest(of: attempt)
                try checkIdempotencyKey(of: attempt)
                running[attempt.effect.key] = (attempt, 0)
            case .stop(let key):
                if let entry = running.removeValue(forKey: key) { stopped.append(entry.attempt.effect) }
            }
        }
    }

    mutating func takeStopped() -> OpenEffect? { stopped.popLast() }

    mutating func countDelta(of key: EffectKey) { running[key]?.deltas += 1 }

    /// An attempt has reported its end.
    mutating func finish(_ key: EffectKey, attempt: Int) {
        if running[key]?.attempt.effect.attempt == attempt { running[key] = nil }
    }

    /// Publishes the oldest events of the outbox.
    mutating func publish(_ limit: Int, to consumer: inout SimulatedConsumer) throws {
        let count = min(outbox.count, limit)
        for event in outbox.prefix(count) {
            try consumer.receive(event, from: &writer)
            acknowledgedCursor = event.record.position
        }
        outbox.removeFirst(count)
    }

    // MARK: Failures

    /// The shard's disk has failed; the rest of the process continues without it.
    mutating func stop(until step: Int) {
        isBackAt = step
        running.removeAll()
        outbox = []
    }

    /// Everything in memory is gone; the journal says what there was.
    /// - Parameters:
    ///   - commits: whether a commit that was under way is written.
    ///   - leavesZombie: whether the engine so far lives on, at a node that hangs.
    mutating func restart(at time: EngineTime, commits: Bool = true, leavesZombie: Bool = false) throws {
        isBackAt = nil
        if leavesZombie { zombie = engine }
        journal = SimulatedJournal(takingOver: disk, commits: commits)
        running.removeAll()
        rebuiltBefore = rebuilt
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
        outbox = []
        for record in try journal.records(after: disk.outboxCursor, limit: .max) {
            if let event = try OutboundEvent(record, reader: journal) { outbox.append(event) }
        }
    }

    var hasZombie: Bool { zombie != nil }

    /// The node that hung goes on where it was: it must not write, and so it must not act.
    mutating func wakeZombie(_ input: EngineInput, at time: EngineTime) throws {
        guard let engine = zombie else { return }
        zombie = nil
        let (records, cursor) = (disk.records.count, disk.outboxCursor)
        do {
            _ = try engine.process(input, at: time)
        } catch {
            guard error.code == .ownedElsewhere, disk.records.count == records, disk.outboxCursor == cursor else {
                throw Simulation.Violation(description: "a node that has lost its shard has written: \(error)")
            }
            return
        }
        throw Simulation.Violation(description: "a node that has lost its shard has committed")
    }

    // MARK: Checks

    /// The strictest provider accepts every request to a model.
    private func checkRequest(of attempt: EffectAttempt) throws {
        guard attempt.effect.effectClass == .llm else { return }
        var context = LLMContextProjection(options: .request())
        for record in disk.records
        where record.conversation == attempt.effect.conversation && record.position <= attempt.contextThrough {
            guard case .signal(let signal) = record.content else { continue }
            context.apply(ProjectionEvent(signal, offset: record.offset))
        }
        for limit in [1, 2, 5, 40] {
            let messages = RequestMessages(context.request(last: limit)).messages
            if !messages.isEmpty, let fault = StrictProvider.fault(in: messages) {
                throw Simulation.Violation(description: "\(attempt.effect.effectID) would be refused: \(fault)")
            }
        }
    }

    /// All attempts at an effect have the same key.
    private mutating func checkIdempotencyKey(of attempt: EffectAttempt) throws {
        let key = attempt.idempotencyKey
        guard let known = idempotencyKeys.updateValue(key, forKey: attempt.effect.key), known != key else { return }
        throw Simulation.Violation(description: "\(attempt.effect.key) has two idempotency keys, \(known) and \(key)")
    }

    /// No directive before its commit: an effect may start only after its order is on disk.
    private func checkCommitted(_ output: EngineOutput) throws {
        for event in output.outbound {
            let index = Int(event.record.position.rawValue) - 1
            guard disk.records.indices.contains(index), disk.records[index] == event.record else {
                throw Simulation.Violation(description: "record \(event.record.position) is let go but not durable")
            }
        }
        for case .run(let attempt) in output.orders {
            // The same transaction may have ended it again; then its row is gone and a stop follows.
            guard let row = disk.effects[attempt.effect.key] else { continue }
            guard row.attempt == attempt.effect.attempt else {
                throw Simulation.Violation(description: "attempt of \(attempt.effect.key) runs but is not durable")
            }
        }
        for outcome in output.outcomes {
            guard case .recorded(let id, let subject, let offset) = outcome else { continue }
            let isDurable = disk.records.reversed().contains { record in
                guard record.offset == offset, case .signal(let signal) = record.content else { return false }
                return signal.id == id && signal.subject == subject
            }
            guard isDurable else { throw Simulation.Violation(description: "\(id) is confirmed but not durable") }
        }
    }
}
