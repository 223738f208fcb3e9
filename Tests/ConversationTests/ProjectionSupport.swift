import Conversation

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

func projected(_ id: String, _ type: String, _ data: String = "{}", offset: Int64? = nil) -> ProjectionEvent {
    ProjectionEvent(id: id, type: type, subject: "c", data: Array(data.utf8), offset: offset)
}

func user(_ id: String, _ text: String) -> ProjectionEvent {
    projected(id, "conv.in.message.received", #"{"content":"\#(text)"}"#)
}

func delta(_ id: String, _ text: String, output: String = "o", channel: String = "web") -> ProjectionEvent {
    projected(
        id, "conv.out.assistant.delta", #"{"delta":"\#(text)","output_id":"\#(output)","channel":"\#(channel)"}"#)
}

func json(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Events of every type that a projection reads, and some that none reads; the data are often odd.
struct RandomEvents {
    var random: SplitMix
    /// How many of eight events are pieces of an answer.
    private let deltas: Int

    init(seed: UInt64, deltas: Int = 1) {
        random = SplitMix(seed: seed)
        self.deltas = deltas
    }

    private static let types = [
        "conv.in.message.received", "conv.out.assistant.completed", "conv.out.tool.status",
        "conv.effect.llm.generation.started", "conv.effect.llm.generation.started",
        "conv.effect.llm.generation.completed", "conv.effect.llm.generation.canceled",
        "conv.effect.llm.generation.failed",
        "conv.effect.tool.execution.completed", "conv.effect.tool.execution.completed",
        "conv.effect.tool.execution.failed", "conv.effect.tool.execution.canceled", "conv.applied.event.applied",
        "conv.effect.llm.generation.progress", "conv.audit.x.y",
    ]

    /// Pieces that join to characters of several code points, too: accents, flags, families, line ends.
    private static let texts = [
        #""""#, #""a""#, #""hello ""#, #""e""#, #""\u0301""#, #""\ud83c\uddea""#, #""\ud83c\uddfa""#, #""\r""#,
        #""\n""#,
        #""👩""#, #""\u200d""#, #""日本語""#, #"" ""#, #"["a",98]"#, "1.0", "7", "false", "null", #"{"a":1}"#,
    ]

    mutating func next(_ number: Int) -> ProjectionEvent {
        let isDelta = Int.random(in: 0..<8, using: &random) < deltas
        let type = isDelta ? "conv.out.assistant.delta" : pick(Self.types)
        var members: [String] = []
        for name in ["content", "text", "message", "status"] where Bool.random(using: &random) {
            members.append("\"\(name)\":\(pick(Self.texts))")
        }
        if isDelta { members.append("\"delta\":\(pick(Self.texts))") }
        let usual = Int.random(in: 0..<8, using: &random) > 0
        members.append(#""output_id":\#(usual ? "\"o\"" : pick(["null", "2", "{\"a\": [1]}"]))"#)
        if Int.random(in: 0..<12, using: &random) == 0 { members.append(#""channel":"web""#) }
        if type.hasPrefix("conv.effect.llm") || Bool.random(using: &random) {
            // Half of the generations answer a message.
            let prefix = Bool.random(using: &random) ? "llm-generation-id" : "e"
            members.append(#""effect_id":"\#(prefix)\#(Int.random(in: 0..<number + 2, using: &random))""#)
        }
        if Bool.random(using: &random) {
            let calls = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                #"{"id":"call\#(Int.random(in: 0..<8, using: &random))","name":"f","arguments":"{}"}"#
            }
            members.append(#""tool_calls":[\#(calls.joined(separator: ","))]"#)
        }
        if type.hasPrefix("conv.effect.tool") {
            members.append(#""tool_call_id":"call\#(Int.random(in: 0..<8, using: &random))""#)
        }
        let data = Int.random(in: 0..<40, using: &random) == 0 ? "null" : "{\(members.joined(separator: ","))}"
        return projected("id\(Int.random(in: 0...number, using: &random))", type, data, offset: Int64(number + 1))
    }

    mutating func list(_ count: Int) -> [ProjectionEvent] { (0..<count).map { next($0) } }

    private mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }
}
