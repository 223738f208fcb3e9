import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Signals

/// A process with one or more shards, a broker, hosts, effects and a consumer, all in one thread and all decided by one seed.
///
/// The process crashes between any two steps; commits of its shards fail before and after writing, and a shard that failed may
/// stay away while the others go on. `check` then holds the journal and everything the outside has seen against the promises.
public struct Simulation {
    /// A promise that was not kept.
    public struct Violation: Error, CustomStringConvertible {
        public let description: String
    }

    private let seed: UInt64
    private var random: SeededRandom
    private let store: SimulatedStore
    private var shards: [SimulatedShard]
    private var publishers: [SimulatedPublisher]
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)

    /// At the broker: published and not acknowledged by the process, in the order of publishing.
    private var brokerQueue: [Signal] = []
    private var published: [Signal] = []
    private var decisions = 0
    private var consumer = SimulatedConsumer()
    public private(set) var steps = 0
    public private(set) var crashes = 0
    public private(set) var boots = 0
    /// Times that a shard failed while the others went on.
    public private(set) var shardFailures = 0
    // Sources of chance of their own, so that a change to one kind of choice leaves the others as they were.
    private var bootRandom: SeededRandom
    private var shardRandom: SeededRandom
    private var nodeRandom: SeededRandom
    /// Times that a node woke whose shard had been taken over.
    public private(set) var zombies = 0

    /// Everything that happens follows from the seed.
    /// - Parameter shards: nil for a number that the seed decides.
    public init(seed: UInt64, shards fixed: Int? = nil) throws {
        self.seed = seed
        bootRandom = SeededRandom(seed: seed &+ 0x626f_6f74)
        shardRandom = SeededRandom(seed: seed &+ 0x7368_6172_6473)
        nodeRandom = SeededRandom(seed: seed &+ 0x6e6f_6465_73)
        let drawn = shardRandom.pick([1, 2, 4])
        let count = fixed ?? drawn
        var random = SeededRandom(seed: seed)
        var settings = EngineSettings()
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
        // At least one partition per shard, and not always the same number.
        let store = SimulatedStore(partitionCount: random.int(1...4) + count - 1, shards: count)
        let subjects = (0..<random.int(1...6)).map { "conversation-\($0)" }
        publishers = (0..<random.int(1...4)).map {
            SimulatedPublisher(number: $0, subjects: subjects, store: store, past: Self.boots(seed), random: &random)
        }
        let time = time
        shards = try store.disks.map { try SimulatedShard($0, settings: settings, time: time) }
        self.store = store
        self.random = random
    }

    /// Shards of the simulated process.
    public var shardCount: Int { shards.count }

    private static func effectSettings(_ random: inout SeededRandom) -> EffectSettings {
        var settings = EffectSettings()
        func policy() -> EffectPolicy {
            let attempts = random.int(1...3)
            return EffectPolicy(
                maxAttempts: attempts, backoff: .milliseconds(random.int(0...60)),
                backoffLimit: .milliseconds(100), timeout: .milliseconds(random.int(1...400)),
                maxConcurrent: random.int(1...3), queueLimit: random.int(1...20),
                afterRestart: random.oneIn(4) ? .fail : .retry,
                // No random number decides, so that seeds keep their course.
                unavailableFor: .milliseconds(300 * (attempts - 1)))
        }
        settings.llm = policy()
        settings.tool = policy()
        settings.timerLimit = random.int(1...6)
        settings.tools["guarded"] = ToolPolicy(
            requiresApproval: true, approvalTimeout: settings.llm.maxAttempts == 1 ? .milliseconds(200) : .seconds(20),
            argumentsProblem: { $0.count > 12 ? "too long" : nil })
        settings.turns = TurnSettings(
            doubleTexting: random.pick(TurnSettings.DoubleTexting.allCases),
            mergeWindow: .milliseconds(random.int(0...100)),
            maxToolRounds: random.int(0...3))
        return settings
    }

    /// Runs to the end of all programs and checks everything.
    /// - Throws: the promise that was not kept, with the seed and the number of shards.
    public mutating func run() throws {
        do {
            try runToTheEnd()
        } catch {
            throw Violation(description: "seed \(seed), \(shards.count) shards: \(error)")
        }
    }

    private mutating func runToTheEnd() throws {
        while !isQuiet {
            try step()
            steps += 1
            guard steps < 20_000 else { throw Violation(description: "not quiet after \(steps) steps") }
        }
        try crash()
        try settle()
        try check()
    }

    private func check() throws {
        for shard in shards {
            if let misread = shard.disk.misreadConversations.first {
                throw Violation(description: "\(misread.subject) was saved and cannot be read as it was: \(misread)")
            }
            guard shard.rebuilt == 0 else {
                throw Violation(description: "a conversation had to be made anew though nothing was damaged")
            }
            let own = published.filter { store.shard(ofSubject: $0.subject) == shard.disk.shard.index }
            try SimulationCheck(disk: shard.disk, published: own, consumer: consumer).run()
            try checkLiveState(of: shard)
        }
        try ShardsCheck(shards: shards).run()
    }

    private var isQuiet: Bool {
        publishers.allSatisfy { $0.unsent.isEmpty } && brokerQueue.isEmpty && shards.allSatisfy(\.isQuiet)
    }

    private mutating func step() throws {
        time.wall += 1_000
        time.monotonic += Int64(random.int(0...20))
        for index in shards.indices {
            if let step = shards[index].isBackAt, step <= steps {
                try shards[index].restart(at: time, commits: nodeRandom.oneIn(2))
            }
        }
        try wakeZombie()
        switch random.int(0...11) {
        case 0...2: publish()
        case 3...5: try deliver()
        case 6...7: try report()
        case 8: if let shard = pickShard() { try transact(EngineInput(), on: shard) }
        case 9: random.oneIn(2) ? try drainOutbox() : decideTool(mayRetry: true)
        case 10: try moveCursor()
        default: if random.oneIn(6) { try crash() } else if hasOperator { try moveDeadLetters() }
        }
    }

    /// A shard that works and for which something is so; nil where there is none.
    private mutating func pickShard(where holds: (SimulatedShard) -> Bool = { _ in true }) -> Int? {
        let found = shards.indices.filter { shards[$0].isBackAt == nil && holds(shards[$0]) }
        return found.count > 1 ? shardRandom.pick(found) : found.first
    }

    /// The machine boots between two starts of the process. Not under all seeds.
    private static func boots(_ seed: UInt64) -> Bool { seed % 3 == 1 }

    /// The monotonic clock starts again near zero, later than everything in the journal, and the machine may have been off
    /// for a year or have lost the time of day.
    private mutating func boot() {
        time.monotonic = Int64(bootRandom.int(0...30))
        let away = bootRandom.pick([0, 60, 86_400, 366 * 86_400, -3_600])
        time.wall = time.wall + Int64(away) * 1_000_000
        boots += 1
    }

    /// A node that hung while another one took a shard over goes on.
    private mutating func wakeZombie() throws {
        guard let shard = shards.indices.first(where: { shards[$0].hasZombie }), nodeRandom.oneIn(6),
            let subject = published.last(where: { store.shard(ofSubject: $0.subject) == shard })?.subject
        else { return }
        zombies += 1
        var input = EngineInput()
        input.inbound = [
            .accepted(
                Signal(
                    id: "zombie-\(zombies)", source: "/zombie", type: "conv.in.note.taken", subject: subject,
                    data: Array("{}".utf8)))
        ]
        try shards[shard].wakeZombie(input, at: time)
    }

    /// Somebody re-drives or discards dead letters. Not under all seeds.
    private var hasOperator: Bool { seed % 5 == 0 || seed % 5 == 2 }

    private mutating func moveDeadLetters() throws {
        guard let shard = pickShard(where: { !$0.disk.deadLetters.isEmpty }) else { return }
        let letters = shards[shard].disk.deadLetters.keys.sorted()
        let chosen = (0..<random.int(1...3)).map { _ in random.pick(letters) }
        var input = EngineInput()
        input.deadLetterMoves = [DeadLetterMove(random.oneIn(5) ? .discard : .redrive, chosen)]
        if random.oneIn(4) { input.deadLetterMoves.append(DeadLetterMove(.redrive, chosen)) }
        try transact(input, on: shard)
    }

    /// After the last crash: no more faults, everything gets done.
    private mutating func settle() throws {
        for _ in 0..<2_000 {
            time.wall += 1_000
            time.monotonic += 50
            for shard in shards.indices { try transact(EngineInput(), on: shard, mayFail: false) }
            while shards.contains(where: { !$0.running.isEmpty }) { try report(mayFail: false) }
            decideTool()
            if !brokerQueue.isEmpty { try deliver(mayFail: false) }
            for shard in shards.indices { try shards[shard].publish(.max, to: &consumer) }
            if brokerQueue.isEmpty, shards.allSatisfy({ $0.isQuiet && $0.nextTimeout == nil }) { return }
        }
        throw Violation(description: "work is left after the last crash")
    }

    private mutating func publish() {
        let index = random.int(0...(publishers.count - 1))
        guard let signal = publishers[index].next() else { return }
        brokerQueue.append(signal)
        published.append(signal)
    }

    /// A person decides about the oldest call of a shard that waits for approval.
    private mutating func decideTool(mayRetry: Bool = false) {
        guard let shard = pickShard(where: { !$0.waitingCalls.isEmpty }), let effect = shards[shard].waitingCalls.first
        else { return mayRetry ? retryAnswer() : () }
        decisions += 1
        // No random number decides, so that seeds keep their course.
        let edited = ["", #","arguments":{"n":1}"#, #","arguments":{"n":123456789}"#][decisions % 3]
        let signal = Signal(
            id: "decision-\(decisions)", source: "/host/person",
            type: random.oneIn(3) ? "conv.in.tool.denied" : "conv.in.tool.approved", subject: effect.subject,
            data: Array(#"{"effect_id":"\#(effect.effectID)"\#(edited)}"#.utf8))
        brokerQueue.append(signal)
        published.append(signal)
    }

    /// A person retries the newest failed answer of a conversation, or requests a retry although none has failed.
    private mutating func retryAnswer() {
        guard steps % 3 == 0, !published.isEmpty else { return }
        decisions += 1
        let signal = Signal(
            id: "retry-\(decisions)", source: "/host/person", type: SignalType.answerRetryRequested,
            subject: published[steps % published.count].subject, data: Array("{}".utf8))
        brokerQueue.append(signal)
        published.append(signal)
    }

    /// Hands the head of the queue to the shards, in any order. A shard's part is acknowledged only if its transaction committed
    /// and no crash came in between; the broker may deliver that of others again, too.
    private mutating func deliver(mayFail: Bool = true) throws {
        let parts = nextParts(limit: random.int(1...8))
        let order = parts.count > 1 ? parts.keys.sorted().shuffled(using: &shardRandom) : Array(parts.keys)
        var acknowledged: [Int] = []
        var failures = 0
        for shard in order {
            let indices = parts[shard, default: []]
            var input = EngineInput()
            input.inbound = indices.map { .accepted(brokerQueue[$0]) }
            switch try transact(input, on: shard, mayFail: mayFail) {
            case .committed: acknowledged += indices
            case .shardFailed: failures += 1
            case .crashed: return
            }
        }
        if failures == parts.count { return }
        if mayFail, random.oneIn(15) { return try crash() }
        if failures > 0, shardRandom.oneIn(3) { return }
        for index in acknowledged.sorted(by: >) { brokerQueue.remove(at: index) }
    }

    /// The places in the queue of the oldest signals, by shard. Those of a shard that failed wait.
    private mutating func nextParts(limit: Int) -> [Int: [Int]] {
        var parts: [Int: [Int]] = [:]
        var count = 0
        for (index, signal) in brokerQueue.enumerated() where count < limit {
            let shard = store.shard(ofSubject: signal.subject)
            guard shards[shard].isBackAt == nil else { continue }
            parts[shard, default: []].append(index)
            count += 1
        }
        if parts.isEmpty, let shard = pickShard() { parts[shard] = [] }
        return parts
    }

    private enum Fate {
        case committed
        /// The shard's engine was replaced, or will be; nothing else of the process has changed.
        case shardFailed
        case crashed
    }

    /// One transaction of one shard.
    @discardableResult
    private mutating func transact(_ input: EngineInput, on shard: Int, mayFail: Bool = true) throws -> Fate {
        let fault: SimulatedJournal.Fault =
            !mayFail
            ? .none : random.oneIn(20) ? .failed : random.oneIn(30) ? (nodeRandom.oneIn(2) ? .torn : .unknown) : .none
        var input = input
        // The outbox has no room, or little: signals are recorded now and applied later.
        if mayFail, random.oneIn(3) { input.applications = random.int(0...3) }
        guard let output = try shards[shard].transact(input, at: time, fault: fault) else {
            try replace(shard)
            return .shardFailed
        }
        if mayFail, random.oneIn(25) {
            try crash()
            return .crashed
        }
        try shards[shard].act(on: output)
        return .committed
    }

    private mutating func report(mayFail: Bool = true) throws {
        guard let shard = pickShard(where: { !$0.running.isEmpty }), let oldest = shards[shard].oldestAttempt else {
            return
        }
        let effect = oldest.attempt.effect
        var input = EngineInput()
        let isLast = oldest.deltas >= 2 || random.oneIn(4)
        let event: EffectReport.Event = isLast ? end(of: oldest.attempt) : .delta(EffectDelta("d\(oldest.deltas) "))
        let report = EffectReport(effect, event)
        // A late repeat of the end, and what a stopped attempt has to say, must change nothing.
        input.reports = isLast && random.oneIn(3) ? [report, report] : [report]
        if let late = shards[shard].takeStopped() { input.reports.append(EffectReport(late, event)) }
        guard try transact(input, on: shard, mayFail: mayFail) == .committed else { return }
        if isLast {
            shards[shard].finish(oldest.key, attempt: effect.attempt)
        } else {
            shards[shard].countDelta(of: oldest.key)
        }
    }

    private mutating func end(of attempt: EffectAttempt) -> EffectReport.Event {
        if random.oneIn(4) {
            let category = random.pick([EffectFailure.Category.provider, .transport, .config])
            let retryAfter: Duration? = random.oneIn(4) ? .milliseconds(random.int(0...100)) : nil
            return .failed(
                EffectFailure(category, "simulated", retryAfter: retryAfter, isUnavailable: steps % 2 == 0))
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

    private mutating func drainOutbox() throws {
        guard let shard = pickShard(where: { $0.hasUnpublished }) else { return }
        try shards[shard].publish(random.int(1...10), to: &consumer)
    }

    private mutating func moveCursor() throws {
        guard let shard = pickShard(where: { $0.acknowledgedCursor > .start }) else { return }
        var input = EngineInput()
        input.outboxCursor = shards[shard].acknowledgedCursor
        try transact(input, on: shard)
    }

    /// The process ends, with all its shards, and starts again.
    private mutating func crash() throws {
        crashes += 1
        try restart()
    }

    private mutating func restart() throws {
        if Self.boots(seed), bootRandom.oneIn(2) { boot() }
        for index in shards.indices {
            // Another node may take over while the one before only hangs.
            try shards[index].restart(
                at: time, commits: nodeRandom.oneIn(2), leavesZombie: nodeRandom.oneIn(3))
        }
    }

    /// A shard's commit has failed. A process that has only this shard ends; of one with several the others go on, and the shard
    /// gets a new engine now or later.
    private mutating func replace(_ shard: Int) throws {
        guard shards.count > 1 else { return try restart() }
        shardFailures += 1
        if shardRandom.oneIn(2) {
            shards[shard].stop(until: steps + shardRandom.int(1...60))
        } else {
            try shards[shard].restart(at: time, commits: nodeRandom.oneIn(2))
        }
    }

    /// What is in memory is what replaying the journal gives.
    private func checkLiveState(of shard: SimulatedShard) throws {
        for (subject, state) in try SimulationCheck.replay(shard.disk) {
            guard let live = try shard.state(ofSubject: subject), live == state else {
                throw Violation(description: "the live state of \(subject) is not what replay gives")
            }
        }
    }
}
