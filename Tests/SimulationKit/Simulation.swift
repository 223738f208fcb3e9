import Conversation
import ConveyEngine
import JournalPort
import JournalSupport
import Logging
import Signals

/// A process, its journal, a broker, hosts, effects and a consumer, all in one thread and all decided by one seed.
///
/// The process crashes between any two steps; its commits fail before and after writing. `check` then holds the journal
/// and everything the outside has seen against the promises.
public struct Simulation {
    /// A promise that was not kept.
    public struct Violation: Error, CustomStringConvertible {
        public let description: String
    }

    private let seed: UInt64
    private var random: SeededRandom
    private var settings: EngineSettings
    private let disk: SimulatedDisk
    private var journal: SimulatedJournal
    private var engine: Engine
    private var publishers: [SimulatedPublisher]
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)

    /// At the broker: published and not acknowledged by the process, in the order of publishing.
    private var brokerQueue: [Signal] = []
    private var published: [Signal] = []
    /// Committed and not yet published; lost in a crash, and read again from the cursor.
    private var outbox: [OutboundEvent] = []
    private var acknowledgedCursor = Position.start
    private var running: [EffectKey: (attempt: EffectAttempt, deltas: Int)] = [:]
    /// Attempts that were stopped: what they report comes late.
    private var stopped: [OpenEffect] = []
    private var decisions = 0
    /// Conversations made anew, by engines before this one.
    private var rebuilt = 0
    private var consumer: SimulatedConsumer
    public private(set) var steps = 0
    public private(set) var crashes = 0
    public private(set) var boots = 0
    private var bootRandom: SeededRandom

    /// Everything that happens follows from the seed.
    public init(seed: UInt64) throws {
        self.seed = seed
        bootRandom = SeededRandom(seed: seed &+ 0x626f_6f74)
        var random = SeededRandom(seed: seed)
        settings = EngineSettings()
        settings.schedulerOrder = random.oneIn(2) ? .arrival : .roundRobin
        settings.fairnessThreshold = random.int(1...5)
        settings.causeTimeoutMilliseconds = Int64(random.int(20...400))
        settings.parkedLimit = random.int(1...12)
        settings.applyBudget = random.int(1...40)
        settings.partitionTurn = random.int(1...5)
        settings.conversationLimit = random.int(1...6)
        settings.checkpointInterval = Int64(random.int(5...200))
        settings.residentSignalLimit = random.int(0...10)
        settings.effects = Self.effectSettings(&random)
        disk = SimulatedDisk(partitionCount: random.int(1...4))
        journal = SimulatedJournal(disk)
        consumer = SimulatedConsumer(disk.shard.tag)
        let subjects = (0..<random.int(1...6)).map { "conversation-\($0)" }
        publishers = (0..<random.int(1...4)).map {
            SimulatedPublisher(number: $0, subjects: subjects, past: Self.boots(seed), random: &random)
        }
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
        self.random = random
    }

    private static func effectSettings(_ random: inout SeededRandom) -> EffectSettings {
        var settings = EffectSettings()
        func policy() -> EffectPolicy {
            EffectPolicy(
                maxAttempts: random.int(1...3), backoff: .milliseconds(random.int(0...60)),
                backoffLimit: .milliseconds(100), timeout: .milliseconds(random.int(1...400)),
                maxConcurrent: random.int(1...3), queueLimit: random.int(1...20),
                afterRestart: random.oneIn(4) ? .fail : .retry)
        }
        settings.llm = policy()
        settings.tool = policy()
        settings.timerLimit = random.int(1...6)
        settings.tools["guarded"] = ToolPolicy(requiresApproval: true)
        settings.turns = TurnSettings(
            doubleTexting: random.pick(TurnSettings.DoubleTexting.allCases),
            mergeWindow: .milliseconds(random.int(0...100)),
            maxToolRounds: random.int(0...3))
        return settings
    }

    private static let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    /// Runs to the end of all programs and checks everything.
    public mutating func run() throws {
        while !isQuiet {
            try step()
            steps += 1
            guard steps < 20_000 else { throw Violation(description: "seed \(seed): not quiet after \(steps) steps") }
        }
        try crash()
        try settle()
        if let misread = disk.misreadConversations.first {
            throw Violation(
                description: "seed \(seed): \(misread.subject) was saved and cannot be read as it was: \(misread)")
        }
        guard rebuilt + Int(engine.metrics.counters.conversationsRebuilt) == 0 else {
            throw Violation(description: "seed \(seed): a conversation had to be made anew though nothing was damaged")
        }
        try SimulationCheck(disk: disk, published: published, consumer: consumer, settings: settings).run()
        try checkLiveState()
    }

    private var isQuiet: Bool {
        publishers.allSatisfy { $0.unsent.isEmpty } && brokerQueue.isEmpty && !engine.hasWork && running.isEmpty
            && outbox.isEmpty && disk.effects.isEmpty
    }

    private mutating func step() throws {
        time.wall += 1_000
        time.monotonic += Int64(random.int(0...20))
        switch random.int(0...11) {
        case 0...2: publish()
        case 3...5: try deliver()
        case 6...7: try report()
        case 8: try transact(EngineInput())
        case 9: random.oneIn(2) ? try drainOutbox() : decideTool()
        case 10: try moveCursor()
        default: if random.oneIn(6) { try crash() } else if hasOperator { try moveDeadLetters() }
        }
    }

    /// The machine boots between two starts of the process. Not under all seeds, and with a source of chance of its own:
    /// seeds that once found something keep their course.
    private static func boots(_ seed: UInt64) -> Bool { seed % 3 == 1 }

    /// The monotonic clock starts again near zero, later than everything in the journal, and the machine may have been off
    /// for a year or have lost the time of day.
    private mutating func boot() {
        time.monotonic = Int64(bootRandom.int(0...30))
        let away = bootRandom.pick([0, 60, 86_400, 366 * 86_400, -3_600])
        time.wall = time.wall + Int64(away) * 1_000_000
        boots += 1
    }

    /// Somebody re-drives or discards dead letters. Not under all seeds: those that once found something keep their course.
    private var hasOperator: Bool { seed % 5 == 0 || seed % 5 == 2 }

    private mutating func moveDeadLetters() throws {
        let letters = disk.deadLetters.keys.sorted()
        guard !letters.isEmpty else { return }
        let chosen = (0..<random.int(1...3)).map { _ in random.pick(letters) }
        var input = EngineInput()
        input.deadLetterRequests = [random.oneIn(5) ? .discard(chosen) : .redrive(chosen)]
        if random.oneIn(4) { input.deadLetterRequests.append(.redrive(chosen)) }
        try transact(input)
    }

    /// After the last crash: no more faults, everything gets done.
    private mutating func settle() throws {
        for _ in 0..<2_000 {
            time.wall += 1_000
            time.monotonic += 50
            try transact(EngineInput(), mayFail: false)
            while !running.isEmpty { try report(mayFail: false) }
            decideTool()
            if !brokerQueue.isEmpty { try deliver(mayFail: false) }
            try drainOutbox(all: true)
            if !engine.hasWork, running.isEmpty, outbox.isEmpty, brokerQueue.isEmpty, disk.effects.isEmpty,
                engine.nextTimeout() == nil
            {
                return
            }
        }
        throw Violation(description: "seed \(seed): work is left after the last crash")
    }

    private mutating func publish() {
        let index = random.int(0...(publishers.count - 1))
        guard let signal = publishers[index].next() else { return }
        brokerQueue.append(signal)
        published.append(signal)
    }

    /// A person decides about the oldest call that waits for approval.
    private mutating func decideTool() {
        let waiting = disk.effects.values.filter(\.awaitsApproval)
        guard let effect = waiting.min(by: { ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal) }) else {
            return
        }
        decisions += 1
        let signal = Signal(
            id: "decision-\(decisions)", source: "/host/person",
            type: random.oneIn(3) ? "conv.in.tool.denied" : "conv.in.tool.approved", subject: effect.subject,
            data: Array(#"{"effect_id":"\#(effect.effectID)"}"#.utf8))
        brokerQueue.append(signal)
        published.append(signal)
    }

    /// Delivers the head of the queue; acknowledges it only if the transaction committed and no crash came in between.
    private mutating func deliver(mayFail: Bool = true) throws {
        let batch = Array(brokerQueue.prefix(random.int(1...8)))
        var input = EngineInput()
        input.inbound = batch.map { .accepted($0) }
        guard try transact(input, mayFail: mayFail) else { return }
        if mayFail, random.oneIn(15) { return try crash() }
        brokerQueue.removeFirst(batch.count)
    }

    /// One transaction; false when it failed and the process has recovered from it.
    @discardableResult
    private mutating func transact(_ input: EngineInput, mayFail: Bool = true) throws -> Bool {
        journal.fault = !mayFail ? .none : random.oneIn(20) ? .failed : random.oneIn(30) ? .torn : .none
        var input = input
        // The outbox has no room, or little: signals are recorded now and applied later.
        if mayFail, random.oneIn(3) { input.applications = random.int(0...3) }
        let output: EngineOutput
        do {
            output = try engine.transact(input, at: time)
        } catch {
            try restart()
            return false
        }
        journal.fault = .none
        if let next = engine.nextTimeout(), next < 0 {
            throw Violation(description: "seed \(seed): due at \(next) ms, a time that no thread can wait for")
        }
        try checkCommitted(output)
        if mayFail, random.oneIn(25) {
            try crash()
            return false
        }
        outbox += output.outbound
        for order in output.orders {
            switch order {
            case .run(let attempt):
                try checkRequest(of: attempt)
                running[attempt.effect.key] = (attempt, 0)
            case .stop(let key):
                if let entry = running.removeValue(forKey: key) { stopped.append(entry.attempt.effect) }
            }
        }
        return true
    }

    /// What a model would be asked is what the strictest provider takes.
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
                throw Violation(description: "seed \(seed): \(attempt.effect.effectID) would be refused: \(fault)")
            }
        }
    }

    /// No directive before its commit: what may be acted on is on the disk.
    private func checkCommitted(_ output: EngineOutput) throws {
        for event in output.outbound {
            let index = Int(event.record.position.rawValue) - 1
            guard disk.records.indices.contains(index), disk.records[index] == event.record else {
                throw Violation(description: "seed \(seed): record \(event.record.position) is let go but not durable")
            }
        }
        for case .run(let attempt) in output.orders {
            // The same transaction may have ended it again; then its row is gone and a stop follows.
            guard let row = disk.effects[attempt.effect.key] else { continue }
            guard row.attempt == attempt.effect.attempt else {
                throw Violation(description: "seed \(seed): attempt of \(attempt.effect.key) runs but is not durable")
            }
        }
        for outcome in output.outcomes {
            guard case .recorded(let id, let subject, let offset) = outcome else { continue }
            let isDurable = disk.records.reversed().contains { record in
                guard record.offset == offset, case .signal(let signal) = record.content else { return false }
                return signal.id == id && signal.subject == subject
            }
            guard isDurable else { throw Violation(description: "seed \(seed): \(id) is confirmed but not durable") }
        }
    }

    private mutating func report(mayFail: Bool = true) throws {
        guard
            let (key, entry) = running.min(by: { ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal) })
        else { return }
        var input = EngineInput()
        let isLast = entry.deltas >= 2 || random.oneIn(4)
        let event: EffectReport.Event = isLast ? end(of: entry.attempt) : .delta(EffectDelta("d\(entry.deltas) "))
        let report = EffectReport(entry.attempt.effect, event)
        // A late repeat of the end, and what a stopped attempt has to say, must change nothing.
        input.reports = isLast && random.oneIn(3) ? [report, report] : [report]
        if let late = stopped.popLast() { input.reports.append(EffectReport(late, event)) }
        guard try transact(input, mayFail: mayFail) else { return }
        guard isLast else {
            running[key]?.deltas += 1
            return
        }
        if running[key]?.attempt.effect.attempt == entry.attempt.effect.attempt { running[key] = nil }
    }

    private mutating func end(of attempt: EffectAttempt) -> EffectReport.Event {
        if random.oneIn(4) {
            let category = random.pick([EffectFailure.Category.provider, .transport, .config])
            let retryAfter: Duration? = random.oneIn(4) ? .milliseconds(random.int(0...100)) : nil
            return .failed(EffectFailure(category, "simulated", retryAfter: retryAfter))
        }
        var calls: [ToolCall] = []
        if attempt.effect.effectClass == .llm, random.oneIn(3) {
            calls = (0..<random.int(1...3)).map { index in
                // No random number decides, so that seeds keep their course.
                let arguments = PoisonedHistory.arguments[(steps + index) % PoisonedHistory.arguments.count]
                return ToolCall(id: "call-\(index)", name: random.pick(["free", "guarded"]), arguments: arguments)
            }
        }
        return .completed(
            EffectResult(content: "done", finishReason: calls.isEmpty ? "stop" : "tool_calls", toolCalls: calls))
    }

    private mutating func drainOutbox(all: Bool = false) throws {
        let count = all ? outbox.count : min(outbox.count, random.int(1...10))
        for event in outbox.prefix(count) {
            try consumer.receive(event)
            acknowledgedCursor = event.record.position
        }
        outbox.removeFirst(count)
    }

    private mutating func moveCursor() throws {
        guard acknowledgedCursor > .start else { return }
        var input = EngineInput()
        input.outboxCursor = acknowledgedCursor
        try transact(input)
    }

    private mutating func crash() throws {
        crashes += 1
        try restart()
    }

    /// Everything in memory is gone; the journal says what there was.
    private mutating func restart() throws {
        journal = SimulatedJournal(disk)
        if Self.boots(seed), bootRandom.oneIn(2) { boot() }
        running.removeAll()
        rebuilt += Int(engine.metrics.counters.conversationsRebuilt)
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
        outbox = []
        for record in try journal.records(after: disk.outboxCursor, limit: .max) {
            if let event = try OutboundEvent(record, reader: journal) { outbox.append(event) }
        }
    }

    /// What is in memory is what replaying the journal gives.
    private func checkLiveState() throws {
        let replayed = try SimulationCheck.replay(disk)
        for (subject, state) in replayed {
            guard let live = try engine.state(ofSubject: subject), live == state else {
                throw Violation(description: "seed \(seed): the live state of \(subject) is not what replay gives")
            }
        }
    }
}

/// A consumer that drops repeats by id.
struct SimulatedConsumer {
    private(set) var seen: [String: OutboundEvent] = [:]
    private var writer: OutboundEnvelope
    private var bytes: [String: [UInt8]] = [:]

    init(_ tag: ShardTag) {
        writer = OutboundEnvelope(root: "conv", ids: DerivedIDs(tag))
    }

    mutating func receive(_ event: OutboundEvent) throws {
        let key = "\(event.subject) \(event.record.family.map(\.name) ?? "") \(event.record.sequence)"
        let publication = writer.write(event)
        if let before = bytes[key], before != publication.payload {
            throw Simulation.Violation(description: "\(key) was published with two different contents")
        }
        bytes[key] = publication.payload
        seen[key] = event
    }
}
