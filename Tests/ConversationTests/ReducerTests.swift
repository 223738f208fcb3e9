import Conversation
import Signals
import Testing

private func signal(_ id: String, _ type: String, _ data: String = "{}") -> Signal {
    Signal(id: id, source: "/t", type: type, subject: "s", data: Array(data.utf8))
}

private func apply(_ signals: [Signal], to state: inout ConversationState) -> [[Directive]] {
    signals.enumerated().map { index, signal in
        apply(signal, offset: Int64(index), to: &state)
    }
}

private func apply(_ signal: Signal, offset: Int64, to state: inout ConversationState) -> [Directive] {
    var hash = StableHash()
    hash.combine(signal.id)
    hash.combine(signal.type)
    hash.combine(String(decoding: signal.data, as: UTF8.self))
    return Reducer.apply(
        signal, priority: Priority(type: signal.type), offset: offset, recordHash: hash.value, to: &state)
}

private let conversation = [
    signal("m1", "conv.in.message.received", #"{"message_id":"m","ingress":"web","effect_policy":{"max_attempts":2}}"#),
    signal("e1", "conv.effect.llm.generation.started", #"{"effect_id":"f\"1","lifecycle":"started"}"#),
    signal("e2", "conv.effect.llm.generation.progress", #"{"effect_id":"f\"1","lifecycle":"progress","delta":"a\n"}"#),
    signal("t1", "conv.effect.tool.execution.started", #"{"effect_id":"g","lifecycle":"started"}"#),
    signal("c1", "conv.in.control.cancel_requested"), signal("o1", "conv.out.assistant.delta"),
    signal("a1", "conv.applied.event.applied"), signal("u1", "other.type"),
]

@Suite struct ReducerTests {
    @Test(arguments: ["abort", "stop", "cancel"])
    func `Each of abort, stop and cancel cancels what is in flight`(word: String) {
        var state = ConversationState()
        let type = "conv.in.control.\(word)_requested"
        let directives = apply([signal("c", type)], to: &state)[0]
        #expect(directives.count == 2)
        #expect(directives.last == .cancelEffects(reason: type))
        #expect(!state.flags.isEmpty)
    }

    @Test func `A delta is published as it was spelled`() throws {
        var state = ConversationState()
        let directives = apply(conversation, to: &state)
        guard case .emitOutput(let output) = directives[2][1] else {
            Issue.record("\(directives[2])")
            return
        }
        #expect(output.outputID == "assistant-f\"1")
        #expect(String(decoding: output.channel, as: UTF8.self) == #""primary""#)
        #expect(
            String(decoding: output.data, as: UTF8.self)
                == #"{"effect_id":"f\"1","lifecycle":"progress","status":"progress","delta":"a\n"}"#)
    }

    @Test(arguments: ["", " ", "\\n"], ["/convey/effects", "/runner"])
    func `An answer whose content is blank is shown without text`(content: String, source: String) throws {
        var state = ConversationState()
        let data = #"{"effect_id":"e","lifecycle":"completed","content":"\#(content)"}"#
        let completed = Signal(
            id: "s", source: source, type: "conv.effect.llm.generation.completed", subject: "s",
            data: Array(data.utf8))
        guard case .emitOutput(let output) = try #require(apply([completed], to: &state)[0].last) else {
            Issue.record("no output")
            return
        }
        #expect(try JSONValue(output.data)["content"] == .string(""))
    }

    @Test func `A message starts a generation with its data and policy as spelled`() {
        var state = ConversationState()
        guard case .startEffect(let start) = apply(conversation, to: &state)[0][1] else {
            Issue.record("no effect started")
            return
        }
        #expect(start.effectID == "llm-generation-m1")
        #expect(start.effectClass == .llm && start.kind == "generation")
        #expect(start.input == conversation[0].data)
        #expect(start.policy.map { String(decoding: $0, as: UTF8.self) } == #"{"max_attempts":2}"#)
    }

    @Test func `Data that are not an object count as absent`() {
        for data in ["null", "[]", "5", "", "{", "\"x\""] {
            var state = ConversationState()
            for type in ["conv.in.message.received", "conv.effect.llm.generation.completed", "conv.in.timer.tick"] {
                #expect(apply([signal("x", type, data)], to: &state)[0].count == 2)
            }
        }
    }
}

@Suite struct ConversationStateTests {
    @Test func `A state reads back as it was written`() throws {
        var state = ConversationState()
        #expect(try ConversationState(decoding: state.encode()) == state)
        _ = apply(conversation, to: &state)
        let bytes = state.encode()
        let back = try ConversationState(decoding: bytes)
        #expect(back == state)
        #expect(back.encode() == bytes)
        #expect(back.inFlight.count == 2)
        #expect(back.counts[nil] == 1 && back.counts[.effect] == 3)
    }

    @Test(arguments: [
        "", "{}", "null", #"{"applied_count":-1,"digest":"0"}"#, #"{"applied_count":1,"digest":"g"}"#,
        #"{"applied_count":1,"digest":"0","stream_counts":{"x":1}}"#,
        #"{"applied_count":1,"digest":"0","in_flight_effects":{"x":"y"}}"#,
        #"{"applied_count":1,"digest":"0","last_event":{"id":"a","type":"b","priority":9,"seq":1}}"#,
    ])
    func `Bytes that are not a state are an error`(text: String) {
        #expect(throws: ConversationStateError.self) { try ConversationState(decoding: Array(text.utf8)) }
    }

    @Test func `Equal histories give equal digests, and a decoded state continues in the same way`() throws {
        var one = ConversationState()
        var other = ConversationState()
        _ = apply(conversation, to: &one)
        _ = apply(Array(conversation.prefix(3)), to: &other)
        #expect(one.digest != other.digest)
        other = try ConversationState(decoding: other.encode())
        for (index, signal) in conversation.enumerated().dropFirst(3) {
            _ = apply(signal, offset: Int64(index), to: &other)
        }
        #expect(one == other)
    }

    @Test func `Any difference in history changes the digest`() {
        func digest(_ signals: [Signal]) -> UInt64 {
            var state = ConversationState()
            _ = apply(signals, to: &state)
            return state.digest
        }
        let original = digest(conversation)
        var swapped = conversation
        swapped.swapAt(1, 3)
        var renamed = conversation
        renamed[7].id = "u2"
        var otherEffect = conversation
        otherEffect[3].data = Array(#"{"effect_id":"h","lifecycle":"started"}"#.utf8)
        let all = [original, digest(swapped), digest(renamed), digest(otherEffect), digest(conversation.dropLast())]
        #expect(Set(all).count == all.count)
        #expect(digest(conversation) == original)
    }

    @Test func `The history keeps the newest hundred`() {
        var history = ConversationHistory()
        for number in 0..<1_234 {
            history.push(
                ConversationState.Event(id: "\(number)", type: "t", priority: .normal, offset: Int64(number)))
        }
        #expect(history.newestFirst.count == 100)
        #expect(history.newestFirst.first?.offset == 1_233)
        #expect(history.newestFirst.last?.offset == 1_134)
    }
}
