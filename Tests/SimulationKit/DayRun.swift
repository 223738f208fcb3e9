import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Signals

/// A recorded day, processed by any number of shards. The process stops in the middle and starts again.
public struct DayRun {
    private let store: SimulatedStore
    private var shards: [SimulatedShard]
    private var model = ScriptedModel()
    private var scripts: [[String: ScriptedModel.Script]]
    private var consumer = SimulatedConsumer()
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    private var decisions: [String: Int] = [:]
    /// The events that hosts received of each conversation.
    private var outcomes: [String: [String]] = [:]

    private static let partitionCount = 16
    private static let stepLimit = 1_000

    /// - Parameter shards: 1 to 16.
    public init(shards count: Int) throws {
        var settings = EngineSettings()
        settings.causeTimeoutMilliseconds = 150
        // Small, so that states are saved and loaded all the time, and at different times for each number of shards.
        settings.conversationLimit = 5
        settings.checkpointInterval = 100
        settings.residentSignalLimit = 3
        let policy = EffectPolicy(
            maxAttempts: 2, backoff: .milliseconds(40), timeout: .milliseconds(80), maxConcurrent: 1_000,
            queueLimit: 1_000, unavailableFor: .milliseconds(300))
        settings.effects.llm = policy
        settings.effects.tool = policy
        settings.effects.tools["guarded"] = ToolPolicy(requiresApproval: true, approvalTimeout: .milliseconds(800))
        settings.effects.turns = TurnSettings(mergeWindow: .milliseconds(30), maxToolRounds: 3)
        let store = SimulatedStore(partitionCount: Self.partitionCount, shards: count)
        let time = time
        shards = try store.disks.map { try SimulatedShard($0, settings: settings, time: time) }
        scripts = Array(repeating: [:], count: count)
        self.store = store
    }

    /// Processes the day until nothing is left to do.
    /// - Returns: by subject.
    public mutating func run(_ day: RecordedDay) throws -> [String: DayTrace] {
        var step = 0
        while step < day.steps.count || !shards.allSatisfy({ $0.isQuiet && $0.nextTimeout == nil }) {
            guard step < Self.stepLimit else { throw Simulation.Violation(description: "the day does not end") }
            time.wall += 10_000
            time.monotonic += 10
            if step == day.steps.count / 2 {
                for index in shards.indices {
                    try shards[index].restart(at: time)
                    scripts[index] = [:]
                }
            }
            let signals = step < day.steps.count ? try day.steps[step].map(signal) : []
            try takeIn(signals + (step % 4 == 3 ? decisionsOfPeople() : []))
            for index in shards.indices { try report(on: index) }
            for index in shards.indices { try shards[index].publish(.max, to: &consumer) }
            step += 1
        }
        var traces: [String: DayTrace] = [:]
        for shard in shards {
            for conversation in shard.disk.conversations.values {
                let subject = conversation.subject
                guard let state = try shard.state(ofSubject: subject) else { continue }
                traces[subject] = try DayTrace(
                    conversation, state: state, on: shard.disk, outcomes: outcomes[subject] ?? [])
            }
        }
        return traces
    }

    /// Records of each shard.
    public var recordCounts: [Int] { shards.map(\.disk.records.count) }

    private func signal(_ arrival: RecordedDay.Arrival) throws -> Signal {
        guard let id = arrival.isCausedByMarkerOf else { return arrival.signal }
        var signal = arrival.signal
        let disk = store.disks[store.shard(ofSubject: signal.subject)]
        let cause = disk.records.first {
            $0.recordedSignal?.signal.subject == signal.subject && $0.recordedSignal?.signal.id == id
        }
        if let cause { signal.cause = .signal(DerivedIDs(disk.shard.tag).marker(of: cause.position)) }
        return signal
    }

    /// One transaction of every shard, and more while there is work.
    private mutating func takeIn(_ signals: [Signal]) throws {
        let parts = Dictionary(grouping: signals) { store.shard(ofSubject: $0.subject) }
        for index in shards.indices {
            var input = EngineInput()
            input.inbound = (parts[index] ?? []).map { .accepted($0) }
            try transact(input, on: index)
        }
    }

    private mutating func transact(_ input: EngineInput, on index: Int) throws {
        var input = input
        repeat {
            guard let output = try shards[index].transact(input, at: time, fault: .none) else {
                throw Simulation.Violation(description: "a transaction of shard \(index) failed")
            }
            try shards[index].act(on: output)
            for outcome in output.outcomes {
                switch outcome {
                case .recorded(let id, let subject, let offset):
                    outcomes[subject, default: []].append("\(id) is recorded at \(offset)")
                case .duplicate(let id, let subject, let offset):
                    outcomes[subject, default: []].append("\(id) is known from \(offset)")
                case .rejected: throw Simulation.Violation(description: "a signal was rejected")
                }
            }
            input = EngineInput()
        } while shards[index].hasWork
    }

    /// People decide about every waiting call.
    private mutating func decisionsOfPeople() -> [Signal] {
        var signals: [Signal] = []
        for shard in shards {
            for effect in shard.waitingCalls {
                let number = decisions[effect.subject, default: 0]
                decisions[effect.subject] = number + 1
                signals.append(
                    Signal(
                        id: "decision-\(number)", source: "/host/person",
                        type: number % 3 == 1 ? "conv.in.tool.denied" : "conv.in.tool.approved",
                        subject: effect.subject,
                        data: Array(#"{"effect_id":"\#(effect.effectID)"}"#.utf8)))
            }
        }
        return signals
    }

    /// Every running attempt makes its next report; stopped attempts end late.
    private mutating func report(on index: Int) throws {
        var input = EngineInput()
        var ended: [(key: EffectKey, attempt: Int)] = []
        for attempt in shards[index].attempts {
            let effect = attempt.effect
            let name = "\(effect.key)-\(effect.attempt)"
            var script = scripts[index][name] ?? model.script(for: attempt)
            if script.deltas > 0 {
                input.reports.append(EffectReport(effect, .delta(EffectDelta("piece \(script.deltas) "))))
                script.deltas -= 1
            } else if let end = script.end {
                input.reports.append(EffectReport(effect, end))
                ended.append((effect.key, effect.attempt))
            }
            scripts[index][name] = script
        }
        while let late = shards[index].takeStopped() {
            input.reports.append(EffectReport(late, .completed(EffectResult(content: "late", finishReason: "stop"))))
        }
        // In a fixed order within each conversation, whatever the others do.
        input.reports.sort {
            ($0.effect.subject, $0.effect.key.cause, $0.effect.key.ordinal, $0.effect.attempt)
                < ($1.effect.subject, $1.effect.key.cause, $1.effect.key.ordinal, $1.effect.attempt)
        }
        try transact(input, on: index)
        for (key, attempt) in ended { shards[index].finish(key, attempt: attempt) }
    }
}
