import Conversation
import Signals
import Testing

/// Texts that encoders get wrong.
private let oddTexts = [
    "", "\u{0}", "\u{1}\u{1f}\u{7f}\u{85}", "\u{2028}\u{2029}", #"quote " backslash \ slash /"#, "\r\n\t\u{8}\u{c}",
    "e\u{301}", "\u{e9}", "🧵👩‍👩‍👧", "{\"a\":1}", ",\"saved_check\":\"0000000000000000\"}", "\u{feff}", "null", "-0",
    String(repeating: "long ", count: 20_000),
]

private func signal(_ id: String, _ type: String, _ data: JSONValue, source: String = "/convey/effects") -> Signal {
    Signal(id: id, source: source, type: type, subject: "s", data: data.encode())
}

/// A generation that ends in calls, which leaves the answer open.
private func calls(
    _ id: String, count: Int, round: String = "0", answers: String? = nil, policy: JSONValue? = nil
) -> Signal {
    let list = (0..<count).map { index in
        JSONValue.object([
            (key: "id", value: .string("c\(index)")), (key: "name", value: .string("f")),
            (key: "arguments", value: .string("{}")),
        ])
    }
    var members: [(key: String, value: JSONValue)] = [
        (key: "effect_id", value: .string("llm-generation-\(id)")), (key: "lifecycle", value: .string("completed")),
        (key: "tool_calls", value: .array(list)),
        (key: "tool_round", value: .integer(round)),
    ]
    if let answers { members.append((key: "metadata", value: .object([(key: "answers", value: .string(answers))]))) }
    if let policy { members.append((key: "effect_policy", value: policy)) }
    return signal(id, "conv.effect.llm.generation.completed", .object(members))
}

private func expectRoundTrip(_ state: ConversationState, _ location: SourceLocation = #_sourceLocation) throws {
    let bytes = state.encode()
    let read = try ConversationState(decoding: bytes)
    #expect(read == state, "\(String(decoding: bytes.prefix(2_000), as: UTF8.self))", sourceLocation: location)
    #expect(read.digest == state.digest, sourceLocation: location)
    #expect(read.encode() == bytes, sourceLocation: location)
    // Not only equal as texts: the same bytes, so that the following signals give the same digest.
    var one = state
    var other = read
    let next = signal("next", "conv.in.control.abort_requested", .object([]), source: "/host")
    _ = Reducer.apply(next, priority: .control, offset: .max, recordHash: .max, to: &one)
    _ = Reducer.apply(next, priority: .control, offset: .max, recordHash: .max, to: &other)
    #expect(one == other, sourceLocation: location)
}

@Suite struct StateCodingTests {
    private func apply(_ signal: Signal, _ offset: Int64 = 1, to state: inout ConversationState) {
        _ = Reducer.apply(
            signal, priority: Priority(type: signal.type), offset: offset, recordHash: UInt64(offset), to: &state)
    }

    @Test func `An answer that waits for its tools is saved and read, whatever its texts are`() throws {
        for text in oddTexts {
            var state = ConversationState()
            let policy = JSONValue.object([(key: text, value: .string(text))])
            apply(calls(text, count: 3, round: "2", answers: text, policy: policy), to: &state)
            #expect(state.toolLoop?.message == text)
            #expect(state.toolLoop?.waiting.count == 3)
            try expectRoundTrip(state)
        }
    }

    @Test(arguments: ["null", "[]", "{}", "0", "-1e9", "\"\"", "true", #"{"max_attempts":-9223372036854775808}"#])
    func `An answer's policy is kept as spelled, whatever kind of JSON it is`(policy: String) throws {
        var state = ConversationState()
        apply(calls("m", count: 1, policy: try JSONValue(Array(policy.utf8))), to: &state)
        try expectRoundTrip(state)
    }

    @Test(arguments: ["-9223372036854775808", "-1", "0", "9223372036854775807", "99999999999999999999999", "1.5"])
    func `An impossible round does not stop the service`(round: String) throws {
        var state = ConversationState()
        apply(calls("m", count: 1, round: round), to: &state)
        #expect(state.toolLoop.map { $0.round >= 1 } == true)
        try expectRoundTrip(state)
    }

    @Test func `Effects in flight, flags and the newest event are saved and read`() throws {
        var state = ConversationState()
        for (index, text) in oddTexts.enumerated() {
            let progress = JSONValue.object([
                (key: "effect_id", value: .string(text)),
                (key: "lifecycle", value: .string(index % 2 == 0 ? "started" : "progress")),
            ])
            apply(signal(text, "conv.effect.robot.move.progress", progress, source: text), to: &state)
            try expectRoundTrip(state)
        }
        for type in ["conv.in.conversation.configured", "conv.in.control.stop_requested", "conv.out.x", "no.family"] {
            apply(signal("x", type, .object([]), source: "/host"), .max, to: &state)
            try expectRoundTrip(state)
        }
    }

    @Test func `Any order of any signals gives states that are saved and read`() throws {
        for seed in UInt64(0)..<200 {
            var random = RandomSignals(state: seed)
            var state = ConversationState()
            for step in 0..<40 {
                apply(random.signal(step), Int64(step), to: &state)
                try expectRoundTrip(state)
            }
        }
    }

    @Test(arguments: ["message", "waiting", "round"])
    func `A saved answer without one of its members is refused`(member: String) throws {
        var state = ConversationState()
        apply(calls("m", count: 1), to: &state)
        guard case .object(var members) = try JSONValue(state.encode()),
            let index = members.firstIndex(where: { $0.key == "tool_loop" }),
            case .object(let loop) = members[index].value
        else {
            Issue.record("there is no tool_loop")
            return
        }
        members[index].value = .object(loop.filter { $0.key != member })
        #expect(throws: ConversationStateError.invalid(member: member)) {
            try ConversationState(decoding: JSONValue.object(members).encode())
        }
    }
}

/// Random signals, the same for the same seed.
private struct RandomSignals: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func signal(_ step: Int) -> Signal {
        let text = oddTexts.dropLast().randomElement(using: &self) ?? ""
        switch Int.random(in: 0..<6, using: &self) {
        case 0: return calls(text, count: Int.random(in: 1...3, using: &self), round: "\(step)", answers: text)
        case 1:
            // The end of one of the calls.
            let cause = oddTexts.dropLast().randomElement(using: &self) ?? ""
            return ConversationTests.signal(
                "t\(step)", "conv.effect.tool.execution.completed",
                .object([
                    (key: "effect_id", value: .string("tool-execution-\(cause)-0")),
                    (key: "lifecycle", value: .string("completed")),
                    (key: "ends_turn", value: .bool(Bool.random(using: &self))),
                ]))
        case 2:
            let word = ["abort", "stop", "cancel"].randomElement(using: &self) ?? "abort"
            return ConversationTests.signal(text, "conv.in.control.\(word)_requested", .object([]), source: "/host")
        case 3: return ConversationTests.signal(text, "conv.in.conversation.configured", .object([]), source: "/host")
        case 4:
            return ConversationTests.signal(
                text, "conv.effect.llm.generation.progress",
                .object([(key: "effect_id", value: .string(text)), (key: "lifecycle", value: .string("progress"))]))
        default: return ConversationTests.signal(text, "conv.in.message.received", .object([]), source: text)
        }
    }
}
