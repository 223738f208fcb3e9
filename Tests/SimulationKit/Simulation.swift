import Conversation
import ConveyEngine
import JournalPort
import JournalSupport
import Signals

/// A process with one shard or several, a broker, hosts, effects and a consumer, all in one thread and all decided by one seed.
///
/// The process crashes between any two steps, and one shard alone while the others go on; commits fail before and after writing.
/// `check` then holds the journals and everything the outside has seen against the promises.
public struct Simulation {
    /// A promise that was not kept.
    public struct Violation: Error, CustomStringConvertible {
        public let description: String
    }

    private let seed: UInt64
    private var random: SeededRandom
    private var settings: EngineSettings
    private var shards: [SimulatedShard] = []
    /// Which shard does the next step. Of its own: with one shard all draws are those of earlier versions.
    private var shardRandom: SeededRandom
    private var publishers: [SimulatedPublisher]
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)

    /// At the broker: published and not acknowledged by the process, in the order of publishing.
    private var brokerQueue: [Signal] = []
    private var published: [Signal] = []
    private var decisions = 0
    private var consumer: SimulatedConsumer
    public private(set) var steps = 0
    public private(set) var crashes = 0
    /// Crashes of one shard among several.
    public private(set) var shardCrashes = 0
    public var shardCount: Int { shards.count }
    public private(set) var boots = 0
    private var bootRandom: SeededRandom

    /// Everything that happens follows from the seed.
    /// - Parameter shards: nil to let the seed decide.
    public init(seed: UInt64, shards shardCount: Int? = nil) throws {
        self.seed = seed
        shardRandom = SeededRandom(seed: seed &+ 0x7368_6172)
        let shardCount = shardCount ?? shardRandom.pick([1, 2, 4])
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
        let partitions = random.int(1...4) * shardCount
        for index in 0..<shardCount {
            let disk = SimulatedDisk(
                partitionCount: partitions, shard: index, of: shardCount, tag: SimulatedShard.tags[index])
            shards.append(try SimulatedShard(disk, settings: settings, time: time))
        }
        consumer = SimulatedConsumer(shards.map(\.disk.shard))
        let subjects = (0..<random.int(1...6)).map { "conversation-\($0)" }
        publishers = (0..<random.int(1...4)).map {
            SimulatedPublisher(
                number: $0, subjects: subjects, past: Self.boots(seed), random: &random,
                tags: Array(SimulatedShard.tags[..<shardCount]))
        }
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

    /// Runs to the end of all programs and checks everything.
    public mutating func run() throws {
        while !isQuiet {
            try step()
            steps += 1
            guard steps < 20_000 else { throw Violation(description: "seed \(seed): not quiet after \(steps) steps") }
        }
        try crash()
        try settle()
        for shard in shards {
            if let misread = shard.disk.misreadConversations.first {
                throw Violation(
                    description: "seed \(seed): \(misread.subject) was saved and cannot be read as it was: \(misread)")
            }
            guard shard.rebuiltConversations == 0 else {
                throw Violation(
                    description: "seed \(seed): a conversation had to be made anew though nothing was damaged")
            }
            let own = published.filter { shard.engine.shardPartitions.contains(subject: $0.subject) }
            try SimulationCheck(disk: shard.disk, published: own, consumer: consumer, settings: settings).run()
            try checkLiveState(of: shard)
        }
        try checkIDs()
    }

    /// No two events have the same source and id, in whichever shard.
    private func checkIDs() throws {
        var seen: Set<String> = []
        for shard in shards {
            let ids = DerivedIDs(shard.disk.shard.tag)
            for record in shard.disk.records {
                let name: String
                switch record.content {
                case .signal(let signal) where signal.source.hasPrefix("/convey/"):
                    name = "\(signal.source) \(signal.id)"
                case .marker(let marker): name = "\(DerivedSource.reducer) \(ids.marker(of: marker.appliedPosition))"
                case .signal, .removed, .unreadable: continue
                }
                guard seen.insert(name).inserted else { throw Violation(description: "seed \(seed): \(name) twice") }
            }
        }
    }

    private mutating func someShard() -> SimulatedShard { shardRandom.pick(shards) }

    private var isQuiet: Bool {
        publishers.allSatisfy { $0.unsent.isEmpty } && brokerQueue.isEmpty && shards.allSatisfy(\.isQuiet)
    }

    private mutating func step() throws {
        time.wall += 1_000
        time.monotonic += Int64(random.int(0...20))
        switch random.int(0...11) {
        case 0...2: publish()
        case 3...5: try deliver()
        case 6...7: try report(someShard())
        case 8: try transact(EngineInput(), someShard())
        case 9: random.oneIn(2) ? try drainOutbox(someShard()) : decideTool(someShard())
        case 10: try moveCursor(someShard())
        default: if random.oneIn(6) { try crashSomething() } else if hasOperator { try moveDeadLetters(someShard()) }
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

    private mutating func moveDeadLetters(_ shard: SimulatedShard) throws {
        let letters = shard.disk.deadLetters.keys.sorted()
        guard !letters.isEmpty else { return }
        let chosen = (0..<random.int(1...3)).map { _ in random.pick(letters) }
        var input = EngineInput()
        input.deadLetterRequests = [random.oneIn(5) ? .discard(chosen) : .redrive(chosen)]
        if random.oneIn(4) { input.deadLetterRequests.append(.redrive(chosen)) }
        try transact(input, shard)
    }

    /// After the last crash: no more faults, everything gets done.
    private mutating func settle() throws {
        for _ in 0..<2_000 {
            time.wall += 1_000
            time.monotonic += 50
            for shard in shards {
                try transact(EngineInput(), shard, mayFail: false)
                while !shard.running.isEmpty { try report(shard, mayFail: false) }
                decideTool(shard)
            }
            if !brokerQueue.isEmpty { try deliver(mayFail: false) }
            for shard in shards { try drainOutbox(shard, all: true) }
            if brokerQueue.isEmpty, shards.allSatisfy({ $0.isQuiet && $0.engine.nextTimeout() == nil }) { return }
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
    private mutating func decideTool(_ shard: SimulatedShard) {
        let waiting = shard.disk.effects.values.filter(\.awaitsApproval)
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
        var haveAllCommitted = true
        for shard in shards {
            var input = EngineInput()
            input.inbound = batch.filter { shard.engine.shardPartitions.contains(subject: $0.subject) }
                .map { .accepted($0) }
            guard !input.inbound.isEmpty else { continue }
            let crashesBefore = crashes
            if try !transact(input, shard, mayFail: mayFail) { haveAllCommitted = false }
            // The whole process has crashed: the others did not get theirs.
            if crashes > crashesBefore { break }
        }
        guard haveAllCommitted else { return }
        if mayFail, random.oneIn(15) { return try crash() }
        brokerQueue.removeFirst(batch.count)
    }

    /// One transaction; false when it failed and the shard, or the process, has recovered from it.
    @discardableResult
    private mutating func transact(_ input: EngineInput, _ shard: SimulatedShard, mayFail: Bool = true) throws -> Bool {
        shard.journal.fault = !mayFail ? .none : random.oneIn(20) ? .failed : random.oneIn(30) ? .torn : .none
        var input = input
        // The outbox has no room, or little: signals are recorded now and applied later.
        if mayFail, random.oneIn(3) { input.applications = random.int(0...3) }
        let output: EngineOutput
        do {
            output = try shard.engine.transact(input, at: time)
        } catch {
            try restart(shard)
            return false
        }
        shard.journal.fault = .none
        if let next = shard.engine.nextTimeout(), next < 0 {
            throw Violation(description: "seed \(seed): due at \(next) ms, a time that no thread can wait for")
        }
        try checkCommitted(output, shard.disk)
        if mayFail, random.oneIn(25) {
            try crashSomething(shard)
            return false
        }
        shard.outbox += output.outbound
        for order in output.orders {
            switch order {
            case .run(let attempt):
                try checkRequest(of: attempt, shard.disk)
                shard.running[attempt.effect.key] = (attempt, 0)
            case .stop(let key):
                if let entry = shard.running.removeValue(forKey: key) { shard.stopped.append(entry.attempt.effect) }
            }
        }
        return true
    }

    /// What a model would be asked is what the strictest provider takes.
    private func checkRequest(of attempt: EffectAttempt, _ disk: SimulatedDisk) throws {
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
    private func checkCommitted(_ output: EngineOutput, _ disk: SimulatedDisk) throws {
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

    private mutating func report(_ shard: SimulatedShard, mayFail: Bool = true) throws {
        guard
            let (key, entry) = shard.running.min(by: { ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal) }
            )
        else { return }
        var input = EngineInput()
        let isLast = entry.deltas >= 2 || random.oneIn(4)
        let event: EffectReport.Event = isLast ? end(of: entry.attempt) : .delta(EffectDelta("d\(entry.deltas) "))
        let report = EffectReport(entry.attempt.effect, event)
        // A late repeat of the end, and what a stopped attempt has to say, must change nothing.
        input.reports = isLast && random.oneIn(3) ? [report, report] : [report]
        if let late = shard.stopped.popLast() { input.reports.append(EffectReport(late, event)) }
        guard try transact(input, shard, mayFail: mayFail) else { return }
        guard isLast else {
            shard.running[key]?.deltas += 1
            return
        }
        if shard.running[key]?.attempt.effect.attempt == entry.attempt.effect.attempt { shard.running[key] = nil }
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

    private mutating func drainOutbox(_ shard: SimulatedShard, all: Bool = false) throws {
        let count = all ? shard.outbox.count : min(shard.outbox.count, random.int(1...10))
        for event in shard.outbox.prefix(count) {
            try consumer.receive(event, from: shard.disk.shard)
            shard.acknowledgedCursor = event.record.position
        }
        shard.outbox.removeFirst(count)
    }

    private mutating func moveCursor(_ shard: SimulatedShard) throws {
        guard shard.acknowledgedCursor > .start else { return }
        var input = EngineInput()
        input.outboxCursor = shard.acknowledgedCursor
        try transact(input, shard)
    }

    /// The process, or one of several shards while the others go on.
    private mutating func crashSomething(_ shard: SimulatedShard? = nil) throws {
        guard shards.count > 1, shardRandom.oneIn(2) else { return try crash() }
        shardCrashes += 1
        try (shard ?? someShard()).restart(settings: settings, time: time)
    }

    private mutating func crash() throws {
        crashes += 1
        try restartAll()
    }

    /// After a failed commit: that of the only shard ends the process.
    private mutating func restart(_ shard: SimulatedShard) throws {
        guard shards.count > 1 else { return try restartAll() }
        shardCrashes += 1
        try shard.restart(settings: settings, time: time)
    }

    /// Everything in memory is gone; the journal says what there was.
    private mutating func restartAll() throws {
        if Self.boots(seed), bootRandom.oneIn(2) { boot() }
        for shard in shards { try shard.restart(settings: settings, time: time) }
    }

    /// What is in memory is what replaying the journal gives.
    private func checkLiveState(of shard: SimulatedShard) throws {
        let replayed = try SimulationCheck.replay(shard.disk)
        for (subject, state) in replayed {
            guard let live = try shard.engine.state(ofSubject: subject), live == state else {
                throw Violation(description: "seed \(seed): the live state of \(subject) is not what replay gives")
            }
        }
    }
}
