import JournalPort
import JournalSupport
import Signals

/// A host that publishes a fixed list of signals in order and repeats some of them.
struct SimulatedPublisher {
    let source: String
    private(set) var unsent: [Signal]

    /// - Parameters:
    ///   - store: where the signals will be recorded.
    ///   - past: some timers are due long ago; this uses no number of `random`.
    init(number: Int, subjects: [String], store: SimulatedStore, past: Bool, random: inout SeededRandom) {
        source = "/host/\(number)"
        var made: [Signal] = []
        for index in 0..<random.int(5...30) {
            if !made.isEmpty, random.oneIn(6) {
                made.append(random.pick(made))
                continue
            }
            var signal = Self.signal(
                index, source: source, subject: random.pick(subjects), store: store, random: &random)
            if past, signal.type == "conv.in.timer.tick" {
                signal.data = Array(Self.longAgo[index % Self.longAgo.count].utf8)
            }
            made.append(signal)
        }
        unsent = made
    }

    /// Before this boot, before 1970, and at the overflow of a sum.
    private static let longAgo = [
        #"{"fire_at":"2001-01-01T00:00:00Z"}"#, #"{"fire_at":0}"#, #"{"fire_at":"0001-01-01T00:00:00+23:59"}"#,
        #"{"fire_at":-62135596800000}"#, #"{"fire_at":-9223372036854775808}"#, #"{"delay_ms":0}"#,
    ]

    mutating func next() -> Signal? { unsent.isEmpty ? nil : unsent.removeFirst() }

    private static func signal(
        _ index: Int, source: String, subject: String, store: SimulatedStore, random: inout SeededRandom
    ) -> Signal {
        let type = random.pick([
            "conv.in.note.taken", "conv.in.note.taken", "conv.in.message.received", "conv.in.message.received",
            "conv.in.control.abort_requested", "conv.in.control.stop_requested", "conv.effect.robot.move.progress",
            "conv.out.assistant.delta", "conv.audit.policy.failed", "conv.in.timer.tick",
            "conv.in.conversation.configured", "conv.in.effect.cancel_requested", "conv.in.timer.cancel_requested",
            "conv.effect.llm.generation.completed", "conv.in.tool.approved",
        ])
        // Ids are shared between publishers on purpose: identity includes the source.
        let id = "s\(index)"
        // Some name a marker of another shard, which is never their cause.
        let shard = store.shard(ofSubject: subject) + (index % 5 == 4 ? 1 : 0)
        let tag = store.disks[shard % store.disks.count].shard.tag
        if let data = effectData(type, &random) {
            return Signal(
                id: id, source: source, type: type, subject: subject, cause: cause(index, tag, &random),
                data: Array(data.utf8))
        }
        return Signal(
            id: id, source: source, type: type, subject: subject, cause: cause(index, tag, &random),
            data: Array(
                #"{"content":\#(contents[index % contents.count]),"message_id":"\#(id)","ingress":"sim","effect_id":"e\#(index % 3)","lifecycle":"progress"}"#
                    .utf8))
    }

    /// Some messages have no text.
    private static let contents = [#""a b""#, #""""#, #""a b""#, #"" ""#, "null"]

    /// The data of signals about effects; nil for other signals.
    private static func effectData(_ type: String, _ random: inout SeededRandom) -> String? {
        let other = "s\(random.int(0...20))"
        switch type {
        case "conv.in.conversation.configured":
            let mode = random.pick(["queue", "interrupt", "reject", "merge", "nonsense"])
            return #"{"llm":{"double_texting":"\#(mode)","max_tool_rounds":\#(random.int(0...3))}}"#
        case "conv.in.timer.tick":
            return random.oneIn(8) ? #"{"fire_at":"soon"}"# : #"{"delay_ms":\#(random.int(0...400))}"#
        case "conv.in.effect.cancel_requested": return #"{"effect_id":"llm-generation-\#(other)"}"#
        case "conv.in.timer.cancel_requested": return #"{"timer_id":"\#(other)"}"#
        case "conv.effect.llm.generation.completed":
            return #"{"effect_id":"llm-generation-\#(other)","lifecycle":"completed","content":"from outside"}"#
        case "conv.in.tool.approved": return #"{"tool_call_id":"call-0"}"#
        case "conv.in.message.received" where random.oneIn(6):
            return #"{"content":"a","effect_policy":{"max_attempts":\#(random.int(0...3))}}"#
        default: return nil
        }
    }

    private static func cause(_ index: Int, _ tag: ShardTag, _ random: inout SeededRandom) -> Cause {
        switch random.int(0...9) {
        case 0: .signal("s\(random.int(0...30))")
        case 1: .signal("s\(max(0, index - 1))")
        case 2 where random.oneIn(4): .unsatisfiable
        case 3 where random.oneIn(2): .signal("applied-\(tag)-\(random.int(1...60))")
        default: .none
        }
    }
}
