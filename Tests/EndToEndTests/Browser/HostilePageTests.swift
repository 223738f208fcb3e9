import Foundation
import MQTTTransport
import Signals
import TestSupport
import Testing

/// The content that a page must withstand, because anybody may write it.
@Suite("The page: hostile content", .serialized, .browser)
struct HostilePageTests {
    /// Sets a mark that `PageChecks.harm` finds, also on pages opened later.
    private static let script = "window.__owned=localStorage.owned=1;alert(1)"
    private static let markup =
        #"<script>\#(script)</script><img src=x onerror="\#(script)"><svg onload="\#(script)"></svg>"#
        + #"</div></article></main><a href="javascript:\#(script)">press</a><iframe src="javascript:\#(script)"></iframe>"#
        + #"'"><style>*{display:none}</style><base href="http://example.org/"><meta http-equiv=refresh content=0>&lt;b&gt;"#
    /// A conversation's name: no control characters, up to 256 bytes.
    private static let subject =
        #"../"><img src=x onerror=window.__owned=1>'javascript:&amp;"#
        + "\u{202e}evil\u{2066} \u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{6f22}\u{5b57} a%2Fb"

    /// Characters that end lines, ring the bell, reverse the text direction or are invisible.
    private static let controls =
        "\u{0}\u{1}\u{7}\u{8}\u{b}\u{c}\r\u{1b}[31m\u{7f}\u{85}\u{9b}\u{200b}\u{200f}\u{202e}desrever\u{2028}\u{2029}\u{2067}\u{feff}\u{fffe}"
        + "e" + String(repeating: "\u{301}", count: 300) + "🏳️‍🌈"

    private static func json(_ object: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    }

    private static func post(_ deployment: Deployment, _ subject: String, _ object: [String: Any]) throws {
        let answer = httpPost(
            "/v1/conversations/\(TopicName.encode(level: subject))/signals", body: try json(object),
            port: deployment.httpPort)
        #expect(answer?.status == 201, "\(answer?.body ?? "")")
    }

    private static func message(_ id: String, _ content: String) -> [String: Any] {
        [
            "specversion": "1.0", "id": id, "type": "conv.in.message.received", "data": ["content": content],
        ]
    }

    /// Signals as a bridge would send them: of an effect, a tool and a model, all with markup for names.
    private static func ingest(_ deployment: Deployment) async throws {
        let client = try await deployment.client()
        let signals: [[String: Any]] = [
            [
                "type": "conv.effect.llm.generation.started", "id": "e1\(markup)",
                "data": ["effect_id": "llm-\(markup)", "lifecycle": "started"],
            ],
            [
                "type": "conv.out.tool.status", "id": "o1",
                "data": [
                    "output_id": markup, "channel": markup, "tool_name": markup, "status": markup, "message": markup,
                ],
            ],
            [
                "type": "conv.out.assistant.delta", "id": "o2",
                "data": ["output_id": "x\(markup)", "channel": "primary", "delta": markup + controls],
            ],
            ["type": "conv.audit.note", "id": "a1", "data": ["audit_id": markup, "category": markup]],
        ]
        try await client.publishMany(
            signals.map { signal in
                let envelope = signal.merging(["specversion": "1.0", "source": "/'&lt;javascript:\(script)"]) { $1 }
                return OutgoingMessage(
                    topic: "conv/ingest/\(TopicName.encode(level: subject))", payload: Array(try json(envelope).utf8))
            })
        // A message that is not a signal is shown, too.
        try await client.publishMany([
            OutgoingMessage(
                topic: "conv/in/\(TopicName.encode(level: subject))/note/taken", payload: Array(markup.utf8))
        ])
        await client.stop()
    }

    @Test(
        "Markup, control characters and hostile names are text on every page: nothing runs, loads or breaks the layout",
        .timeLimit(.minutes(1)))
    func markup() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms", "--scheduler-cause-timeout", "200ms"])
        try await deployment.start()
        try Self.post(deployment, Self.subject, Self.message("m\(Self.markup)", Self.markup + Self.controls))
        var late = Self.message("late\(Self.markup)", "never")
        late["causationid"] = Self.markup
        try Self.post(deployment, Self.subject, late)
        try Self.post(
            deployment, Self.subject,
            [
                "specversion": "1.0", "id": "t\(Self.markup)", "type": "conv.in.timer.tick",
                "data": ["delay_ms": 3_600_000],
            ])
        try await Self.ingest(deployment)
        try await eventually("a dead letter and a rejection") {
            deployment.metric("convey_dead_letters_open") == 1
                && deployment.metric("convey_signals_rejected_total") == 1
                && deployment.metric("convey_signals_received_total") == 8
        }
        // The first step of a page with hostile content.
        let pages = [
            "/", Screen.path(of: Self.subject), Screen.path(of: Self.subject, "/c", "&as_of=3"),
            Screen.path(of: Self.subject, "/c/state"), Screen.path(of: Self.subject, "/c/events"),
            Screen.path(of: Self.subject, "/c/trace", "&id=" + TopicName.encode(level: "m\(Self.markup)")),
            "/effects", "/deadletters",
            "/status",
        ]
        // One page says that the item does not exist, with its name.
        try await browse(deployment, allowsFailedRequests: true) { screen in
            for device in Screen.Device.allCases {
                try screen.emulate(device)
                for page in pages {
                    try screen.open(page)
                    try screen.expectHarmless()
                    #expect(try screen.words.contains("Convey"))
                }
            }
            try await screen.openLive(Self.subject)
            // Nothing changes the text direction, and invisible characters are shown.
            let text = try #require(try screen.entries().first { $0.role == "user" }?.text)
            #expect(text.contains("<script>") && text.contains("␀") && text.contains("[U+202E]"))
            // The same live, in a conversation that no endless effect keeps busy.
            try await screen.openLive(Self.subject + "2")
            try screen.paste(Self.markup + "\u{202e}" + "typed")
            try await eventually("the answer") { try screen.lastAnswer().hasSuffix("typed") }
            #expect(try screen.lastAnswer().contains("[U+202E]"))
            try screen.expectHarmless()
            try await screen.followTrace(ofLast: "assistant")
            try screen.expectHarmless()
            for nobody in ["/c?s=%FF", "/c/trace?s=x&id=\(TopicName.encode(level: Self.markup))", "/c?s=", "/nothing"] {
                try screen.open(nobody)
                try screen.expectHarmless()
            }
        }
    }

    @Test("Links and text that looks like an address lead only to the service", .timeLimit(.minutes(1)))
    func links() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let text =
            "javascript:\(Self.script) data:text/html,<script>\(Self.script)</script> //example.org/x [a](javascript:1)"
        try Self.post(deployment, "javascript:alert(1)", Self.message("m", text))
        try await browse(deployment) { screen in
            try screen.open("/")
            try await screen.press { try screen.browser.element(PageParts.conversationLink) }
            try await screen.waitUntilLive()
            #expect(try screen.entries().first?.text == text)
            #expect(try screen.browser.elements("\(PageParts.entry) \(PageParts.text) a").isEmpty)
            try screen.expectHarmless()
            // Neither does the redirect after signing in.
            try screen.open("/c?s=javascript:alert(1)&as_of=1#javascript:alert(1)")
            try screen.expectHarmless()
        }
    }

    @Test(
        "A message of 200 kB is accepted, shown whole and fits a phone; the page responds", .timeLimit(.minutes(1))
    )
    func longMessage() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms", "--llm-echo-chunk-words", "1000"])
        try await deployment.start()
        // Long words, and one that never breaks.
        let text =
            (1...9_000).map { "word\($0)" }.joined(separator: " ") + " "
            + String(repeating: "x", count: 200_000 - 9_000 * 9)
        try await browse(deployment) { screen in
            try screen.emulate(.phone)
            try await screen.openLive("chat-1")
            try screen.paste(text)
            try await screen.waitUntilAnswered(text)
            #expect(try screen.entries().map(\.text.count) == [text.count, text.count])
            try screen.expectHarmless()
            try screen.browser.reload()
            try await screen.waitUntilLive()
            #expect(try screen.entries().map(\.text) == [text, text])
            try screen.expectHarmless()
            try screen.say("still there?")
            try await screen.waitUntilAnswered("still there?")
        }
    }

    @Test(
        "10,000 pieces of an answer are shown whole while they arrive, and the page stays responsive",
        .timeLimit(.minutes(2)))
    func manyDeltas() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let client = try await deployment.client()
        let count = 10_000
        let whole = (0..<count).map { "d\($0) " }.joined()
        try await browse(deployment) { screen in
            try screen.emulate(.phone)
            try await screen.openLive("chat-1")
            let batches = stride(from: 0, to: count, by: 1_000).map { start in
                (start..<start + 1_000).map { index in
                    OutgoingMessage(
                        topic: "conv/ingest/chat-1",
                        payload: Array(
                            (#"{"specversion":"1.0","id":"d\#(index)","source":"/bridge","type":"conv.out.assistant.delta","#
                                + #""data":{"output_id":"answer","channel":"primary","delta":"d\#(index) ","#
                                + #""sequence":\#(index)}}"#).utf8))
                }
            }
            var slowest = Duration.zero
            for batch in batches {
                try await client.publishMany(batch)
                let asked = ContinuousClock.now
                _ = try screen.browser.number("return document.body.scrollHeight")
                slowest = max(slowest, ContinuousClock.now - asked)
            }
            try await screen.waitUntilAnswered(whole, seconds: 60)
            print("10,000 pieces: the page's slowest reaction took \(slowest)")
            #expect(try screen.entries().count == 1)
            try screen.expectHarmless()
            try screen.browser.reload()
            try await screen.waitUntilLive()
            #expect(try screen.lastAnswer() == whole)
            try screen.expectHarmless()
        }
        await client.stop()
    }
}
