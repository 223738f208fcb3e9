import JournalSupport
import Signals

/// Everything that the hosts of many conversations publish during a day, step by step: the same every time.
public struct RecordedDay: Sendable {
    /// The signals that arrive in each step, in order.
    let steps: [[Arrival]]
    public let subjects: [String]

    /// A signal, and the parts that depend on ids which exist only when it arrives.
    struct Arrival: Sendable {
        var signal: Signal
        /// Its cause is the marker of the conversation's signal with this id and the same source.
        var isCausedByMarkerOf: String?
    }

    public init(conversations: Int = 40, steps count: Int = 60) {
        subjects = (0..<conversations).map { "day-\($0)" }
        var random = SeededRandom(seed: 20_261_128)
        var sent: [String: [Arrival]] = [:]
        var steps: [[Arrival]] = []
        for step in 0..<count {
            steps.append([])
            for _ in 0..<random.int(4...14) {
                let subject = random.pick(subjects)
                let earlier = sent[subject] ?? []
                if !earlier.isEmpty, random.oneIn(9) {
                    // A host repeats a signal it was not sure of, at once or much later.
                    steps[step].append(random.pick(earlier))
                    continue
                }
                let arrival = Self.arrival(subject, earlier.count, &random)
                sent[subject, default: []].append(arrival)
                steps[step].append(arrival)
            }
        }
        self.steps = steps
    }

    private static func arrival(_ subject: String, _ index: Int, _ random: inout SeededRandom) -> Arrival {
        let type = random.pick([
            "conv.in.message.received", "conv.in.message.received", "conv.in.message.received",
            "conv.in.message.received", "conv.in.note.taken", "conv.in.note.taken", "conv.in.timer.tick",
            "conv.in.timer.tick", "conv.in.control.abort_requested", "conv.in.control.stop_requested",
            "conv.in.conversation.configured", "conv.in.effect.cancel_requested", "conv.in.timer.cancel_requested",
            "conv.effect.robot.move.progress", "conv.out.assistant.delta",
        ])
        var arrival = Arrival(
            signal: Signal(
                id: "s\(index)", source: "/host/\(subject)/\(index % 2)", type: type, subject: subject,
                data: Array(data(type, index, &random).utf8)))
        switch random.int(0...11) {
        case 0: arrival.signal.cause = .signal("s\(max(0, index - 1))")
        // It comes later, or never.
        case 1: arrival.signal.cause = .signal("s\(index + random.int(1...4))")
        case 2: arrival.isCausedByMarkerOf = "s\(max(0, index - 2))"
        default: break
        }
        return arrival
    }

    private static func data(_ type: String, _ index: Int, _ random: inout SeededRandom) -> String {
        let other = "s\(max(0, index - random.int(0...3)))"
        switch type {
        case "conv.in.conversation.configured":
            let mode = random.pick(["queue", "interrupt", "reject", "merge"])
            return #"{"llm":{"double_texting":"\#(mode)","max_tool_rounds":\#(random.int(1...4))}}"#
        case "conv.in.timer.tick": return #"{"delay_ms":\#(random.int(0...200))}"#
        case "conv.in.effect.cancel_requested": return #"{"effect_id":"llm-generation-\#(other)"}"#
        case "conv.in.timer.cancel_requested": return #"{"timer_id":"\#(other)"}"#
        default: return #"{"content":"text \#(index)","effect_id":"e\#(index % 3)","lifecycle":"progress"}"#
        }
    }
}
