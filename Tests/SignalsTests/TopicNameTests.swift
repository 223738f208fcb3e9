import Signals
import Testing

@Suite struct TopicNameTests {
    static let subjects = [
        "chat-42", "a/b", "a+b", "#", "+", "$SYS", "a b", "%", "%41", "100%", "é", "日本語", "😀", "a.b", "~:@-_.",
        "project/a+b/conversation/c%2Fd", "?&=;,!'()*[]{}|\\^`\"<>", "e\u{301}", String(repeating: "x", count: 256),
    ]

    @Test(arguments: subjects, ["conv", "acme/prod/conv"])
    func `A subject with any character becomes one level and reads back`(subject: String, root: String) throws {
        let topic = TopicName.topic(root: root, type: "conv.in.message.received", subject: subject)
        let levels = topic.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        #expect(levels.count == root.utf8.split(separator: UInt8(ascii: "/")).count + 4)
        #expect(!topic.contains("+") && !topic.contains("#"))
        let parsed = try TopicName.read(topic, root: root)
        #expect(parsed == .inbound(subject: subject, type: "conv.in.message.received"))
        #expect(parsed.subject.utf8.elementsEqual(subject.utf8))
    }

    @Test(arguments: [
        "conv.in.message.received", "conv.in.", "conv.in..message", "conv.in.a/b", "conv.in.a+b#", "conv.in.größe",
        "conv.in.a b", "conv.in.%", "conv.in.\u{301}x", "conv.in.a..b.",
    ])
    func `A type becomes one topic and reads back`(type: String) throws {
        let topic = TopicName.topic(root: "conv", type: type, subject: "s")
        let parsed = try TopicName.read(topic, root: "conv")
        guard case .inbound("s", let back?) = parsed else {
            Issue.record("\(parsed)")
            return
        }
        #expect(back.utf8.elementsEqual(type.utf8))
    }

    @Test func `Each family has its topic`() {
        let expected = [
            "conv.in.control.abort_requested": "conv/in/s/control/abort_requested",
            "conv.out.assistant.delta": "conv/out/s/assistant/delta",
            "conv.effect.llm.generation.started": "conv/effect/s/llm/generation/started",
            "conv.applied.event.applied": "conv/applied/s/event/applied",
            "conv.audit.signal.rejected": "conv/audit/s/signal/rejected",
        ]
        for (type, topic) in expected { #expect(TopicName.topic(root: "conv", type: type, subject: "s") == topic) }
    }

    @Test func `Topics for incoming signals are recognized`() {
        #expect(TopicName.parse("conv/in/s", root: "conv") == .inbound(subject: "s", type: nil))
        #expect(TopicName.parse("conv/ingest/a%2Fb", root: "conv") == .ingest(subject: "a/b"))
        #expect(TopicName.parse("conv/in/a%2Fb/x", root: "conv") == .inbound(subject: "a/b", type: "conv.in.x"))
        #expect(TopicName.parse("conv/in/a%20b%21/x", root: "conv") == .inbound(subject: "a b!", type: "conv.in.x"))
    }

    @Test(arguments: [
        ("other/in/s/x", TopicError.notIngress), ("conv", .notIngress), ("conv/", .notIngress), ("", .notIngress),
        ("conv/out/s/x", .notIngress), ("conv/ingest/s/x", .notIngress), ("conv/inn/s", .notIngress),
        ("conv/in", .subjectMissing), ("conv/in/", .subjectMissing), ("conv/in//x", .subjectMissing),
    ])
    func `Other topics are refused`(topic: String, error: TopicError) {
        #expect(throws: error) { try TopicName.read(topic, root: "conv") }
        #expect(TopicName.parse(topic, root: "conv") == nil)
    }

    @Test(arguments: [
        "%", "%4", "%4g", "%ff", "%c3%28", "%00", "%0A", "%7F", "%C2%85", "%20", "%E3%80%80", "a%", "%EF%BF%BE",
        String(repeating: "x", count: 257),
    ])
    func `A level that is not a subject is refused`(level: String) {
        #expect {
            try TopicName.read("conv/in/\(level)/x", root: "conv")
        } throws: { error in
            if case .subjectInvalid = error as? TopicError { true } else { false }
        }
        #expect(TopicName.decode(level: level) == nil)
    }

    @Test(arguments: [
        // An unneeded escape, or one not in capitals; an unescaped byte; a double escape.
        "%61dmin", "adm%69n", "%41", "%2D", "%7E", "%3A", "%40", "%2e%2e", "a%2fb", "caf%c3%a9", "caf%C3%a9", "café",
        "a b",
        "a!", "a'b", "a(b)", "a*", "a,b", "a;b", "a=b", "a&b", "$a", "a%2Fb%2f", "e\u{301}",
    ])
    func `A subject has only one spelling`(level: String) {
        #expect {
            try TopicName.read("conv/in/\(level)/x", root: "conv")
        } throws: { error in
            if case .subjectInvalid = error as? TopicError { true } else { false }
        }
        #expect(throws: TopicError.self) { try TopicName.read("conv/in/\(level)", root: "conv") }
        #expect(throws: TopicError.self) { try TopicName.read("conv/ingest/\(level)", root: "conv") }
        #expect(TopicName.decode(level: level) == nil)
    }

    @Test func `A doubly escaped subject is another subject`() throws {
        #expect(try TopicName.read("conv/in/%2561dmin/x", root: "conv").subject == "%61dmin")
    }

    @Test func `A letter with an accent is another subject when it is decomposed`() throws {
        let composed = try TopicName.read("conv/in/%C3%A9/x", root: "conv").subject
        let decomposed = try TopicName.read("conv/in/e%CC%81/x", root: "conv").subject
        #expect(!composed.utf8.elementsEqual(decomposed.utf8))
    }

    @Test(arguments: [
        "message.received", "%6Dessage/received", "a%2fb", "a%", "größe", "a b", "control%2Eabort_requested",
    ])
    func `A type has only one spelling`(rest: String) {
        #expect(throws: TopicError.typeInvalid) { try TopicName.read("conv/in/s/\(rest)", root: "conv") }
    }
}
