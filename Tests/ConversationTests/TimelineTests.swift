import Conversation
import Signals
import Testing

@Suite struct TimelineTests {
    private static let reference = TimelineProjection.Options(shape: .reference)

    /// The naive rule: compare whole texts at every step.
    private func plainlyJoined(_ entries: [TimelineEntry], limit: Int) -> [TimelineEntry] {
        var joined: [TimelineEntry] = []
        for entry in entries {
            guard var last = joined.last, last.kind == .delta, entry.kind == .delta, last.outputID == entry.outputID,
                last.channel == entry.channel, (last.content.text + entry.content.text).count <= limit
            else {
                joined.append(entry)
                continue
            }
            last.content = .text(last.content.text + entry.content.text)
            var ids = last.eventIDs ?? [last.eventID].compactMap { $0 }
            if let id = entry.eventID, !ids.contains(where: { $0.utf8.elementsEqual(id.utf8) }) { ids.append(id) }
            last.eventIDs = ids
            joined[joined.count - 1] = last
        }
        return joined
    }

    @Test(arguments: 0..<60)
    func `A timeline advanced event by event, copied and fed repeats on the way, equals one made at once`(seed: UInt64)
    {
        var generator = RandomEvents(seed: seed, deltas: 7)
        let events = generator.list(150)
        let options = TimelineProjection.Options(
            shape: .reference, maxDeltaCharacters: [0, 1, 3, 9, 280][Int(seed % 5)])
        let expected = json(
            plainlyJoined(events.compactMap(TimelineEntry.init), limit: options.maxDeltaCharacters).encode())

        var advanced = TimelineProjection(options: options)
        var rest = events[...]
        while !rest.isEmpty {
            let before = advanced
            let chunk = rest.prefix(Int.random(in: 1...20, using: &generator.random))
            for event in chunk { advanced.apply(event) }
            // A repeat of anything already taken changes nothing, and a copy is independent.
            for event in events.prefix(chunk.endIndex).shuffled(using: &generator.random).prefix(5) {
                advanced.apply(event)
            }
            #expect(before.appliedOffset == Int64(chunk.startIndex))
            #expect(
                json(before.all.encode())
                    == json(TimelineProjection(of: events[..<chunk.startIndex], options: options).all.encode()))
            rest = rest.dropFirst(chunk.count)
        }
        #expect(json(advanced.all.encode()) == expected)
        #expect(json(TimelineProjection(of: events, options: options).all.encode()) == expected)
    }

    @Test(arguments: [1, 7, 50], TimelineShape.allCases)
    func `Pages from the newest to the oldest hold every entry once`(size: Int, shape: TimelineShape) {
        var generator = RandomEvents(seed: 7, deltas: 4)
        let timeline = TimelineProjection(of: generator.list(300), options: TimelineProjection.Options(shape: shape))
        var entries: [TimelineEntry] = []
        var before: Int?
        repeat {
            let page = timeline.page(last: size, before: before)
            entries = page.entries + entries
            before = page.start
        } while before != 0
        #expect(entries.count == timeline.count)
        #expect(json(entries.encode()) == json(timeline.all.encode()))
    }

    @Test func `A page asked for outside the timeline is empty`() {
        let timeline = TimelineProjection(of: [user("1", "a"), user("2", "b")])
        #expect(timeline.page(last: 0).entries.isEmpty)
        #expect(timeline.page(last: -1).entries.isEmpty)
        #expect(timeline.page(last: 3, before: 0).entries.isEmpty)
        #expect(timeline.page(last: 3, before: -5).entries.isEmpty)
        #expect(timeline.page(last: 3, before: 99).entries.count == 2)
        #expect(TimelineProjection().page(last: 3).entries.isEmpty)
    }

    @Test(arguments: [1, 2, 10])
    func `A limit keeps the newest entries in their places`(limit: Int) {
        var generator = RandomEvents(seed: 3, deltas: 6)
        var whole = TimelineProjection(options: Self.reference)
        var limited = TimelineProjection(options: TimelineProjection.Options(shape: .reference, retainedEntries: limit))
        for event in generator.list(200) {
            whole.apply(event)
            limited.apply(event)
            #expect(limited.count == whole.count)
            #expect(json(limited.all.encode()) == json(whole.page(last: limit).entries.encode()))
            #expect(limited.page(last: 5 * limit).start == whole.page(last: limit).start)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `The last page of ten thousand events costs no more than that of a hundred`() {
        // A page that read all entries would take minutes.
        var timeline = TimelineProjection()
        for number in 0..<10_000 { timeline.apply(user("\(number)", "text")) }
        var entries = 0
        for _ in 0..<50_000 { entries += timeline.page(last: 50).entries.count }
        #expect(entries == 50 * 50_000)
    }

    @Test func `A long stream of small deltas is joined as it comes`() {
        var timeline = TimelineProjection(
            options: TimelineProjection.Options(shape: .reference, maxDeltaCharacters: .max))
        for number in 0..<20_000 { timeline.apply(delta("\(number)", "ab")) }
        #expect(timeline.count == 1)
        #expect(timeline.all.first?.content.text.utf8.count == 40_000)
        #expect(timeline.all.first?.eventIDs?.count == 20_000)
    }

    @Test func `A hidden event does not separate deltas, a shown event does`() {
        let hidden = [delta("1", "a"), projected("2", "conv.applied.event.applied"), delta("3", "b")]
        #expect(TimelineProjection(of: hidden, options: Self.reference).all.map(\.content.text) == ["ab"])
        let shown = [delta("1", "a"), projected("2", "conv.out.tool.status"), delta("3", "b")]
        #expect(TimelineProjection(of: shown, options: Self.reference).all.map(\.content.text) == ["a", "", "b"])
    }

    @Test(
        arguments: [
            (["a", nil, "b"], "a", ["a", "b"]), ([nil, "a", "a"], nil, ["a"]),
            ([nil, "a", nil, "b"], nil, ["a", "b"]),
            ([nil, nil], nil, []),
        ] as [([String?], String?, [String])])
    func `Entries without an id are joined, and the existing ids are listed`(
        ids: [String?], first: String?, listed: [String]
    ) {
        let entries = ids.map { id in
            TimelineEntry(eventID: id, kind: .delta, role: .assistant, content: .text("x"), outputID: .text("o"))
        }
        let joined = TokenCoalescer.coalesce(entries)
        #expect(joined.map(\.content.text) == [String(repeating: "x", count: ids.count)])
        #expect(joined.first?.eventID == first)
        #expect(joined.first?.eventIDs == listed)
        if first == nil { #expect(json(joined.encode()).hasPrefix(#"[{"event_id":null,"event_ids":["#)) }
    }

    @Test func `Ids and channels that only look the same are not the same`() {
        let ids = TimelineProjection(
            of: [delta("\u{e9}", "a"), delta("e\u{301}", "b"), delta("\u{e9}", "c")], options: Self.reference)
        #expect(ids.all.first?.eventIDs?.map { Array($0.utf8) } == [[0xc3, 0xa9], [0x65, 0xcc, 0x81]])
        let channels = [delta("1", "a", channel: "\u{e9}"), delta("2", "b", channel: "e\u{301}")]
        #expect(TimelineProjection(of: channels, options: Self.reference).count == 2)
    }

    @Test func `An accent that comes in the next delta adds no character`() {
        let timeline = TimelineProjection(
            of: [delta("1", "e"), delta("2", "\u{301}"), delta("3", "x")],
            options: TimelineProjection.Options(shape: .reference, maxDeltaCharacters: 1))
        #expect(timeline.all.map(\.content.text) == ["e\u{301}", "x"])
    }

    @Test func `An entry's JSON has its members in a fixed order and its values as spelled`() {
        let timeline = TimelineProjection(
            of: [
                projected("1", "conv.in.message.received", #"{"text": [1, 2.50], "ingress":"web","message_id":"m"}"#),
                projected(
                    "2", "conv.out.assistant.delta", #"{"delta":"a","output_id":"o","sequence":1.0,"usage":{ "t":1}}"#),
                projected("3", "conv.out.assistant.delta", #"{"delta":"\"","output_id":"o","sequence":2}"#),
            ], options: Self.reference)
        #expect(
            json(timeline.all.encode()) == #"""
                [{"event_id":"1","type":"conv.in.message.received","kind":"message","role":"user","content":[1, 2.50],"output_id":null,"channel":"web","metadata":{"message_id":"m"}},{"event_id":"2","event_ids":["2","3"],"type":"conv.out.assistant.delta","kind":"delta","role":"assistant","content":"a\"","output_id":"o","channel":null,"metadata":{"sequence":1.0,"usage":{ "t":1}}}]
                """#)
    }

    @Test func `A journaled signal is an event with its position`() {
        let signal = Signal(
            id: "m", source: "/t", type: "conv.in.message.received", subject: "c", data: Array(#"{"text":"hi"}"#.utf8))
        var timeline = TimelineProjection()
        timeline.apply(ProjectionEvent(signal, offset: 4))
        timeline.apply(ProjectionEvent(signal, offset: 4))
        timeline.apply(ProjectionEvent(signal, offset: 3))
        #expect(timeline.appliedOffset == 4)
        #expect(timeline.all.map(\.content.text) == ["hi"])
    }
}

@Suite struct ProjectedTextTests {
    private func shown(_ json: String) -> String? {
        TimelineEntry(projected("1", "conv.out.assistant.completed", #"{"content":\#(json)}"#))?.content.text
    }

    @Test(arguments: [
        ("1.5", "1.5"), ("1.50", "1.5"), ("1.0", "1.0"), ("-0.0", "-0.0"), ("0e7", "0.0"), ("100.0", "100.0"),
        ("1000.0", "1.0e3"), ("12345.0", "12345.0"), ("1234000.0", "1.234e6"), ("123400000.0", "1.234e8"),
        ("0.0001", "0.0001"), ("0.00001", "1.0e-5"), ("0.000012", "1.2e-5"), ("0.0012", "0.0012"),
        ("0.00012", "1.2e-4"), ("1e20", "1.0e20"),
        ("123456789012345680.0", "1.2345678901234568e17"), ("9007199254740991.0", "9007199254740991.0"),
        ("9007199254740992.0", "9.007199254740992e15"), ("-2.5e-300", "-2.5e-300"), ("5e-324", "5.0e-324"),
    ])
    func `A number with a fraction reads as its shortest spelling`(json: String, expected: String) {
        #expect(shown(json) == expected)
    }

    @Test(arguments: [
        ("1e999", "1e999"), ("123456789012345678901234567890", "123456789012345678901234567890"), ("-0", "0"),
        (#"["a",[98,"c"],[]]"#, "abc"), ("[128512]", "😀"), ("[55296]", "[55296]"), ("[-1]", "[-1]"), ("[1.5]", "[1.5]"),
        (#"["a", null]"#, #"["a", null]"#), (#"{"a": 1}"#, #"{"a": 1}"#), ("true", "true"), ("false", ""), ("null", ""),
        (#""\u0041""#, "A"),
    ])
    func `Any other value reads as its JSON; lists of text are joined`(json: String, expected: String) {
        #expect(shown(json) == expected)
    }

    @Test(arguments: ["null", "[]", "5", "", "{", "\"x\""])
    func `Data that are not an object count as absent`(data: String) {
        let types = ["in.message.received", "out.assistant.delta", "out.assistant.completed", "out.tool.status"]
        for type in types {
            #expect(TimelineEntry(projected("1", "conv.\(type)", data))?.content == .text(""))
        }
    }
}
