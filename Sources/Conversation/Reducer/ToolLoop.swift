import Signals

/// An answer that continues after tool calls: a generation that ends in calls starts one tool effect per call, and when
/// all of them have ended, the next generation starts.
///
/// Only Convey's own generations (`Signal.effectSource`) start it: programs that report their own effects also continue
/// them. As for every effect, the end that is published first ends a call.
public struct ToolLoop: Sendable, Equatable {
    /// Generations that have ended in calls since the last message.
    public private(set) var round: Int
    /// The effects of the calls that have not ended, in the order of the calls.
    public private(set) var waiting: [String]
    /// The id of the answered message.
    public private(set) var message: String
    /// `effect_policy` of the message, as spelled: it holds for the whole answer.
    public private(set) var policy: [UInt8]?

    /// Whether applying the signal may start a generation that continues an answer.
    public static func mayContinue(_ signal: Signal) -> Bool {
        guard !signal.isForked else { return false }
        switch signal.type {
        case SignalType.generationCompleted: return signal.source == Signal.effectSource
        case SignalType.executionCompleted, SignalType.executionFailed,
            SignalType.executionCanceled:
            return true
        default: return false
        }
    }

    /// The changes and the new effects that follow from applying a signal.
    static func step(
        _ signal: Signal, _ data: JSONObjectView, isControl: Bool, loop: inout ToolLoop?
    ) -> [Directive] {
        if isControl { return end(&loop, because: signal) }
        guard mayContinue(signal) else { return [] }
        if signal.type == SignalType.generationCompleted { return begin(signal, data, &loop) }
        guard let effectID = data["effect_id"]?.string, var open = loop,
            let index = open.waiting.firstIndex(of: effectID)
        else { return [] }
        if signal.source == Signal.effectSource, data["ends_turn"]?.kind == .true { return end(&loop, because: signal) }
        open.waiting.remove(at: index)
        guard open.waiting.isEmpty else {
            loop = open
            return []
        }
        loop = nil
        return [
            .startEffect(
                EffectStart(
                    effectID: EffectClass.llm.effectID(startedBy: signal.id), effectClass: .llm,
                    kind: EffectClass.llm.kind, input: Array("{}".utf8), policy: open.policy, round: open.round,
                    answers: open.message))
        ]
    }

    /// The answer ends between two generations, so no end of a generation reports it.
    private static func end(_ loop: inout ToolLoop?, because signal: Signal) -> [Directive] {
        guard let open = loop.take() else { return [] }
        let effectID = EffectClass.llm.effectID(startedBy: open.message)
        var data = JSONObjectBuilder()
        data.add("effect_id", effectID)
        data.add("lifecycle", "canceled")
        data.add("status", "canceled")
        data.add("reason", signal.type)
        return [
            .emitOutput(
                Output(
                    type: SignalType.assistantCanceled, outputID: "assistant-\(effectID)",
                    channel: Array("\"primary\"".utf8), data: data.finish()))
        ]
    }

    /// Far above any `llm.max_tool_rounds`; keeps recorded numbers from overflowing.
    private static let roundCeiling = Int(Int32.max)

    private static func begin(_ signal: Signal, _ data: JSONObjectView, _ loop: inout ToolLoop?) -> [Directive] {
        let calls = ToolCall.list(data["tool_calls"])
        guard !calls.isEmpty else { return [] }
        let earlier = data["tool_round"].flatMap { Int(String(decoding: $0.raw, as: UTF8.self)) } ?? 0
        let round = min(max(earlier, 0), roundCeiling) + 1
        // A first generation is named after its message; a later one names the message.
        let prefix = EffectClass.llm.effectID(startedBy: "")
        let named = data["effect_id"]?.string.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
        let message = data["metadata"]?.object?["answers"]?.string ?? named ?? signal.id
        let starts = calls.indices.map { index in
            EffectStart(
                effectID: "\(EffectClass.tool.effectID(startedBy: signal.id))-\(index)", effectClass: .tool,
                kind: EffectClass.tool.kind, input: calls[index].encode(), policy: nil, round: round,
                answers: message)
        }
        loop = ToolLoop(
            round: round, waiting: starts.map(\.effectID), message: message,
            policy: data["effect_policy"]?.orNone.map { Array($0.raw) })
        return starts.map(Directive.startEffect)
    }
}

extension ToolLoop {
    /// Appends `{"round":1,"waiting":["tool-execution-…"],"message":"m1","policy":"{…}"}`; a policy that is not UTF-8
    /// as `"policy_bytes":[…]`.
    func append(to bytes: inout [UInt8]) {
        JSONWriter.append(raw: "{\"round\":", to: &bytes)
        JSONWriter.append(integer: round, to: &bytes)
        JSONWriter.append(raw: ",\"waiting\":[", to: &bytes)
        for (index, effect) in waiting.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.append(string: effect, to: &bytes)
        }
        JSONWriter.append(raw: "],\"message\":", to: &bytes)
        JSONWriter.append(string: message, to: &bytes)
        if let policy {
            // As text, to keep its spelling.
            if let text = String(validating: policy, as: UTF8.self) {
                JSONWriter.append(raw: ",\"policy\":", to: &bytes)
                JSONWriter.append(string: text, to: &bytes)
            } else {
                JSONWriter.append(raw: ",\"policy_bytes\":[", to: &bytes)
                for (index, byte) in policy.enumerated() {
                    if index > 0 { bytes.append(UInt8(ascii: ",")) }
                    JSONWriter.append(integer: byte, to: &bytes)
                }
                bytes.append(UInt8(ascii: "]"))
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    init(_ json: JSONValue) throws(ConversationStateError) {
        guard let round = Int(exactly: try ConversationState.number(json, "round")) else {
            throw .invalid(member: "round")
        }
        self.round = round
        waiting = []
        for effect in json["waiting"]?.array ?? [.null] {
            guard let effect = effect.string else { throw .invalid(member: "waiting") }
            waiting.append(effect)
        }
        guard let message = json["message"]?.string else { throw .invalid(member: "message") }
        self.message = message
        policy = try Self.policy(json)
    }

    private static func policy(_ json: JSONValue) throws(ConversationStateError) -> [UInt8]? {
        if let text = json["policy"] {
            guard let text = text.string else { throw .invalid(member: "policy") }
            return Array(text.utf8)
        }
        guard let numbers = json["policy_bytes"] else { return nil }
        var bytes: [UInt8] = []
        for number in numbers.array ?? [.null] {
            guard let byte = number.int.flatMap(UInt8.init(exactly:)) else { throw .invalid(member: "policy_bytes") }
            bytes.append(byte)
        }
        return bytes
    }
}
