import Testing

@testable import ChatCompletions

@Suite struct ServerSentEventParserTests {
    private func parse(_ chunks: [[UInt8]], limit: Int = 1 << 20) throws -> [ServerSentEvent] {
        var parser = ServerSentEventParser(eventBytes: limit)
        var events: [ServerSentEvent] = []
        for chunk in chunks { try parser.read(chunk, into: &events) }
        try parser.finish(into: &events)
        return events
    }

    private func parse(_ text: String) throws -> [ServerSentEvent] { try parse([Array(text.utf8)]) }

    private func event(_ data: String, _ type: String? = nil) -> ServerSentEvent {
        ServerSentEvent(type: type, data: Array(data.utf8))
    }

    @Test func linesEndWithLineFeedCarriageReturnOrBoth() throws {
        let expected = [event("one"), event("two"), event("three")]
        #expect(try parse("data: one\n\ndata: two\n\ndata: three\n\n") == expected)
        #expect(try parse("data: one\r\rdata: two\r\rdata: three\r\r") == expected)
        #expect(try parse("data: one\r\n\r\ndata: two\r\n\r\ndata: three\r\n\r\n") == expected)
        #expect(try parse("data: one\r\n\ndata: two\n\r\ndata: three\r\r\n") == expected)
    }

    @Test func dataLinesOfOneEventAreJoinedByLineFeeds() throws {
        #expect(try parse("data: YHOO\ndata: +2\ndata: 10\n\n") == [event("YHOO\n+2\n10")])
        #expect(try parse("data\n\ndata\ndata\n\ndata:\n\n") == [event(""), event("\n"), event("")])
    }

    @Test func carriageReturnAndLineFeedEndOneLine() throws {
        let bytes = Array("event: error\r\ndata: a\r\ndata: b\r\n\r\n".utf8)
        #expect(try parse([bytes]) == [event("a\nb", "error")])
        #expect(try parse(bytes.map { [$0] }) == [event("a\nb", "error")])
    }

    @Test func oneSpaceBehindTheColonIsNotData() throws {
        #expect(
            try parse("data:test\n\ndata: test\n\ndata:  test\n\n") == [event("test"), event("test"), event(" test")])
    }

    @Test func commentsAndOtherFieldsAreNoEvents() throws {
        #expect(try parse(": keep-alive\n\n:\n\nid: 7\nretry: 10\n\nevent: ping\n\ndatum: x\n\n").isEmpty)
        #expect(try parse(": comment\ndata: x\n: comment\ndata: y\n\n") == [event("x\ny")])
    }

    @Test func anEventsTypeIsItsOwn() throws {
        #expect(
            try parse("event: error\ndata: x\n\ndata: y\n\nevent: a\nevent: b\ndata: z\n\n")
                == [event("x", "error"), event("y"), event("z", "b")])
        // An event without data discards its type.
        #expect(try parse("event: error\n\ndata: y\n\n") == [event("y")])
    }

    @Test func aByteOrderMarkAtTheStartIsNotPartOfTheFirstField() throws {
        #expect(try parse("\u{feff}data: x\n\n\u{feff}data: y\n\n") == [event("x")])
    }

    @Test func theLastEventNeedsNoEmptyLine() throws {
        #expect(try parse("data: x\n\ndata: [DONE]") == [event("x"), event("[DONE]")])
        #expect(try parse("data: x\n\ndata: [DONE]\n") == [event("x"), event("[DONE]")])
    }

    /// Streams and their events, by the standard (WHATWG HTML, section 9.2.6), except for an end without an empty line.
    private static let table: [(String, [ServerSentEvent])] = [
        ("data: a\n\n", [ServerSentEvent(data: Array("a".utf8))]),
        ("\u{feff}data: a\r\n\r\n", [ServerSentEvent(data: Array("a".utf8))]),
        ("data: a\rdata: b\r\rdata: c\r\r", [.init(data: Array("a\nb".utf8)), .init(data: Array("c".utf8))]),
        ("data: a\r\n\ndata: b\n\r", [.init(data: Array("a".utf8)), .init(data: Array("b".utf8))]),
        (":\n: x: y\n\n\n\ndata:a: b\n\n", [.init(data: Array("a: b".utf8))]),
        ("data\ndata:\ndata: \n\n", [.init(data: Array("\n\n".utf8))]),
        ("event: x\nevent\ndata: a\n\n", [.init(data: Array("a".utf8))]),
        ("id: 1\nretry: soon\nevent:y\ndata: a\nother: z\n\n", [.init(type: "y", data: Array("a".utf8))]),
        ("Data: a\n data: b\ndata : c\n\n", []),
        ("event: x\n\ndata: é🌍\n\n", [.init(data: Array("é🌍".utf8))]),
        ("data: a", [.init(data: Array("a".utf8))]),
    ]

    @Test(arguments: table) func aStreamCutAtAnyPlaceGivesTheStandardsEvents(
        text: String, expected: [ServerSentEvent]
    ) throws {
        let bytes = Array(text.utf8)
        for place in 0...bytes.count {
            #expect(try parse([Array(bytes[..<place]), Array(bytes[place...])]) == expected, "cut at \(place)")
        }
        #expect(try parse(bytes.map { [$0] }) == expected)
    }

    @Test func bytesThatAreNoUTF8AreReplaced() throws {
        let bytes = Array("data: a".utf8) + [0xff] + Array("b\ndata: ".utf8) + [0xe2, 0x82] + Array("\n\n".utf8)
        #expect(try parse([bytes]) == [event("a\u{fffd}b\n\u{fffd}")])
        #expect(try parse(bytes.map { [$0] }) == [event("a\u{fffd}b\n\u{fffd}")])
    }

    @Test func linesOfNoFieldAreKeptForWhoeverAsksUpToALimit() throws {
        var parser = ServerSentEventParser(eventBytes: 1 << 20)
        var events: [ServerSentEvent] = []
        try parser.read(Array("data: a\n\n: comment\nid: 1\nretry: 2\n{\"error\":1}\nno luck\n".utf8), into: &events)
        #expect(parser.strayLines == Array("{\"error\":1}\nno luck\n".utf8))
        for _ in 0..<10 { try parser.read([UInt8](repeating: 65, count: 10_000) + [10], into: &events) }
        #expect(parser.strayLines.count <= 64 << 10)
        #expect(events == [event("a")])
    }

    @Test(arguments: 0..<200) func anyCuttingGivesTheSameEvents(seed: UInt64) throws {
        var random = Seeded(seed)
        let parts = [
            "data: héllo — 🌍\n", "data:\r\n", "data: {\"a\":1}\r", "\n", "\r", "\r\n", ": ping\n", "event: error\n",
            "event:\r\n", "id: 1\n", "data", "\n\n", "\u{feff}", "data: [DONE]\n\n", "漢字: x\n",
        ]
        let text = (0..<40).compactMap { _ in parts.randomElement(using: &random) }.joined()
        let bytes = Array(text.utf8)
        let whole = try parse([bytes])
        #expect(try parse(cut(bytes, using: &random)) == whole, "seed \(seed)")
        #expect(try parse(bytes.map { [$0] }) == whole, "seed \(seed)")
    }

    @Test func anEventThatIsTooLargeIsAnErrorBehindThoseBeforeIt() throws {
        let line = Array("data: 0123456789\n".utf8)
        for chunks in [[line + [10] + line + line], (line + [10] + line + line).map { [$0] }] {
            var parser = ServerSentEventParser(eventBytes: 20)
            var events: [ServerSentEvent] = []
            #expect(throws: ServerSentEventTooLarge(limit: 20)) {
                for chunk in chunks { try parser.read(chunk, into: &events) }
            }
            #expect(events == [event("0123456789")])
        }
        // A line without an end is bounded, too.
        #expect(throws: ServerSentEventTooLarge(limit: 20)) {
            _ = try parse([[UInt8]](repeating: [UInt8](repeating: 65, count: 10), count: 3), limit: 20)
        }
    }
}
