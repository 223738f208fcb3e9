import Conversation
import Signals
import Testing

@Suite struct AnswerTimelineTests {
    /// An event of an answer; `details` are further members of its data.
    private func event(_ id: String, _ name: String, _ details: String = "", output: String = "o") -> ProjectionEvent {
        projected(
            id, "conv.out.assistant.\(name)",
            #"{"output_id":"\#(output)","effect_id":"e"\#(details.isEmpty ? "" : ",")\#(details)}"#)
    }

    private func piece(_ id: String, _ text: String, output: String = "o") -> ProjectionEvent {
        event(id, "delta", #""delta":"\#(text)""#, output: output)
    }

    /// What a reader sees: `[outcome] text`.
    private func seen(_ events: [ProjectionEvent]) -> [String] {
        TimelineProjection(of: events).all.map { entry in
            let outcome = [entry.state?.rawValue, entry.reason].compactMap(\.self).joined(separator: ": ")
            return outcome.isEmpty ? entry.content.text : "[\(outcome)] \(entry.content.text)"
        }
    }

    @Test func `The text of a void attempt is not shown`() {
        let twice = [piece("1", "Hi "), piece("2", "there. "), event("3", "reset"), piece("4", "Hi there. ")]
        #expect(seen(twice) == ["[open] Hi there. "])
        #expect(seen(Array(twice.prefix(3))) == ["[open] "])
        #expect(seen(twice + [event("5", "completed", #""content":"Hi there.""#)]) == ["[completed] Hi there."])
    }

    @Test func `Pieces and the whole text are one entry at the place of the first piece, whatever comes between`() {
        let events = [
            piece("1", "a"), user("2", "wait"), piece("3", "b"), projected("4", "conv.out.tool.status"),
            event("5", "completed", #""content":"ab""#), user("6", "thanks"),
        ]
        #expect(seen(events) == ["[completed] ab", "wait", "", "thanks"])
        #expect(TimelineProjection(of: events).all.map(\.eventID) == ["1", "2", "4", "6"])
    }

    @Test(arguments: [
        ("failed", #""category":"auth","message":"no key","content":"half""#, "[failed: auth: no key] half"),
        (
            "failed", #""category":"config","message":"a message came","code":"double_texting_rejected""#,
            "[failed: config: a message came] ab"
        ),
        (
            "canceled", #""reason":"conv.in.control.abort_requested","content":"a""#,
            "[canceled: conv.in.control.abort_requested] a"
        ),
        ("canceled", #""reason":"","content":"""#, "[canceled] ab"),
        ("waiting", #""reason":"provider","message":"HTTP 503""#, "[waiting: HTTP 503] ab"),
        ("waiting", #""reason":"provider""#, "[waiting: provider] ab"),
        ("completed", #""content":"""#, "[completed] "),
    ])
    func `An answer shows how it ended and why, with or without pieces`(name: String, data: String, expected: String) {
        #expect(seen([piece("1", "a"), piece("2", "b"), event("3", name, data)]) == [expected])
        let alone = seen([event("3", name, data)])
        #expect(alone == [expected.replacing("] ab", with: "] ")])
    }

    @Test func `A waiting answer continues`() {
        let waiting = [piece("1", "a"), event("2", "waiting", #""message":"busy""#)]
        #expect(seen(waiting) == ["[waiting: busy] a"])
        #expect(seen(waiting + [event("3", "reset"), piece("4", "b")]) == ["[open] b"])
        #expect(seen([event("2", "waiting", #""message":"busy""#), piece("3", "b")]) == ["[open] b"])
    }

    @Test func `Output after an end is another answer, and so is an end without output`() {
        let end = event("2", "failed", #""category":"provider""#)
        #expect(seen([piece("1", "a"), end, piece("3", "b")]) == ["[failed: provider] a", "[open] b"])
        let nameless = ["1", "2"].map { projected($0, "conv.out.assistant.delta", #"{"delta":"x"}"#) }
        #expect(seen(nameless) == ["[open] x", "[open] x"])
        #expect(seen([piece("1", "a", output: "\u{e9}"), piece("2", "b", output: "e\u{301}")]).count == 2)
        #expect(seen([event("1", "reset"), user("2", "x")]) == ["x"])
    }

    @Test func `The first piece of a first attempt begins an answer`() {
        let first = #""attempt":1,"sequence":0,"delta":"x""#
        #expect(seen([event("1", "delta", first), event("2", "delta", first)]) == ["[open] x", "[open] x"])
        let second = #""attempt":2,"sequence":0,"delta":"x""#
        #expect(seen([event("1", "delta", first), event("2", "delta", second)]) == ["[open] xx"])
    }

    @Test func `Events too far apart belong to two answers`() {
        func count(_ gap: Int64) -> Int {
            let offsets: [Int64] = [1, 1 + gap]
            let events = offsets.map {
                projected("\($0)", "conv.out.assistant.delta", #"{"output_id":"o"}"#, offset: $0)
            }
            return TimelineProjection(of: events).count
        }
        #expect(count(TimelineProjection.Options.standardAnswerGap) == 1)
        #expect(count(TimelineProjection.Options.standardAnswerGap + 1) == 2)
    }

    @Test func `An approval request is shown with the tool and its arguments until its call has a status`() throws {
        let asked = projected(
            "1", "conv.out.tool.approval_requested",
            #"{"effect_id":"t","tool_name":"refund","tool_call_id":"c","arguments":"{\"amount\":40}"}"#)
        let waiting = try #require(TimelineProjection(of: [asked, user("2", "hm")]).all.first)
        #expect(waiting.kind == .approval && waiting.name == "refund" && waiting.state == .waiting)
        #expect(waiting.content == .text(#"{"amount":40}"#))
        #expect(json(waiting.metadata) == #"{"effect_id":"t","tool_name":"refund","tool_call_id":"c"}"#)
        let status = projected(
            "3", "conv.out.tool.status", #"{"effect_id":"t","tool_name":"refund","status":"failed"}"#)
        let other = projected("4", "conv.out.tool.status", #"{"effect_id":"u"}"#)
        #expect(TimelineProjection(of: [asked, other]).all.first?.state == .waiting)
        let decided = TimelineProjection(of: [asked, status]).all
        #expect(decided.map(\.state) == [.decided, nil] && decided.map(\.name) == ["refund", "refund"])
    }

    @Test func `An entry's JSON says who, how and why`() {
        let events = [
            event(
                "1", "failed", #""category":"auth","message":"no","attempt":1,"lifecycle":"failed","status":"failed""#),
            projected("2", "conv.out.tool.status", #"{"tool_name":"refund","message":"done","status":"completed"}"#),
        ]
        #expect(
            json(TimelineProjection(of: events).all.encode()) == #"""
                [{"event_id":"1","type":"conv.out.assistant.failed","kind":"message","role":"assistant","state":"failed","reason":"auth: no","content":"","output_id":"o","channel":null,"metadata":{"effect_id":"e","attempt":1,"category":"auth"}},{"event_id":"2","type":"conv.out.tool.status","kind":"status","role":"tool","name":"refund","content":"done","output_id":null,"channel":null,"metadata":{"status":"completed","tool_name":"refund"}}]
                """#)
    }

    @Test(arguments: 0..<40)
    func `A timeline advanced event by event equals one made at once`(seed: UInt64) {
        var generator = RandomEvents(seed: seed, deltas: 5)
        let events = generator.list(150)
        var advanced = TimelineProjection()
        for event in events {
            advanced.apply(event)
            advanced.apply(event)
        }
        #expect(json(advanced.all.encode()) == json(TimelineProjection(of: events).all.encode()))
    }

    @Test func `Entries that can no longer change stay as they are`() {
        var timeline = TimelineProjection(of: [
            projected("1", "conv.out.assistant.delta", #"{"output_id":"o"}"#, offset: 1)
        ])
        let gap = TimelineProjection.Options.standardAnswerGap
        #expect(!timeline.isSettled(entries: 1, from: 2) && !timeline.isSettled(entries: 1, from: 1 + gap))
        #expect(timeline.isSettled(entries: 1, from: 2 + gap) && timeline.isSettled(entries: 0, from: 2))
        timeline.apply(projected("2", "conv.out.assistant.canceled", #"{"output_id":"o"}"#, offset: 2))
        #expect(timeline.isSettled(entries: 1, from: 3))
        timeline.apply(projected("3", "conv.out.tool.approval_requested", #"{"effect_id":"t"}"#, offset: 3))
        #expect(!timeline.isSettled(entries: 2, from: 3 + 2 * gap) && timeline.isSettled(entries: 1, from: 4))
        timeline.apply(projected("4", "conv.out.tool.status", #"{"effect_id":"t"}"#, offset: 4))
        #expect(timeline.isSettled(entries: 3, from: 5))
    }
}
