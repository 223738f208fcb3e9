import Foundation
import TestSupport
import Testing

/// The page of a conversation in a real browser.
@Suite("The page: talking", .serialized, .browser)
struct TalkTests {
    private static let story = (1...40).map { "word\($0)" }.joined(separator: " ")

    @Test(
        "A sent message is shown at once, and its answer appears piece by piece",
        .timeLimit(.minutes(1)))
    func talk() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "20ms"])
        try await deployment.start()
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            try screen.say(Self.story)
            var lengths: Set<Int> = []
            try await eventually("the whole answer") {
                let answer = try screen.lastAnswer()
                lengths.insert(answer.count)
                return answer == Self.story
            }
            #expect(lengths.count > 3, "seen at these lengths: \(lengths.sorted())")
            let entries = try screen.entries()
            #expect(entries.map(\.role) == ["user", "assistant"])
            #expect(entries.first?.text == Self.story)
            // The same after a reload, without the live events.
            try screen.browser.reload()
            try await screen.waitUntilLive()
            #expect(try screen.entries().map(\.text) == entries.map(\.text))
        }
    }

    @Test("The keyboard is enough: Tab leads to the box, Ctrl+Enter or the button sends", .timeLimit(.minutes(1)))
    func keyboard() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            try screen.tab(to: PageParts.message)
            try screen.browser.type("first of all")
            try screen.browser.type(Key.control + Key.enter)
            try await screen.waitUntilAnswered("first of all")
            try await eventually("the box is empty again") {
                try screen.browser.text("return document.querySelector(arguments[0]).value", PageParts.message).isEmpty
            }
            try screen.tab(to: PageParts.message)
            try screen.browser.type("and then")
            try screen.browser.type(Key.tab)
            try screen.browser.type(Key.enter)
            try await screen.waitUntilAnswered("and then")
            // Enter alone adds a line and sends nothing.
            try screen.tab(to: PageParts.message)
            try screen.browser.type("two\(Key.enter)lines")
            try screen.browser.type(Key.control + Key.enter)
            try await screen.waitUntilAnswered("two\nlines")
            #expect(try screen.entries().count == 6)
        }
    }

    @Test("An aborted answer is marked as canceled, and nothing is added to it", .timeLimit(.minutes(1)))
    func abort() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "100ms"])
        try await deployment.start()
        let long = (1...400).map { "word\($0)" }.joined(separator: " ")
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            try screen.paste(long)
            try await eventually("some of the answer") { try screen.lastAnswer().count > 20 }
            try await screen.press { try screen.browser.button(PageParts.abort) }
            try await eventually(
                "the answer is marked as canceled; \(screen.shown)"
            ) {
                try screen.entries().contains {
                    $0.role == "assistant" && $0.words.lowercased().contains("cancel")
                }
            }
            let kept = try screen.lastAnswer()
            #expect(!kept.isEmpty && long.hasPrefix(kept) && kept.count < long.count)
            // The next answer comes after anything that could still be added.
            try await screen.waitUntilLive()
            try screen.say("never mind")
            try await screen.waitUntilAnswered("never mind")
            #expect(try screen.entries().filter { $0.role == "assistant" }.map(\.text) == [kept, "never mind"])
        }
    }

    @Test("A canceled answer is still marked so after a reload", .timeLimit(.minutes(1)))
    func canceledLater() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "100ms"])
        try await deployment.start()
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            try screen.paste((1...400).map { "word\($0)" }.joined(separator: " "))
            try await eventually("some of the answer") { try screen.lastAnswer().count > 20 }
            _ = httpPost(
                "/v1/conversations/chat-1/signals?type=conv.in.control.abort_requested", body: "{}",
                port: deployment.httpPort)
            try await eventually("the end of the answer") {
                try screen.entries().last?.words.lowercased().contains("cancel") == true
            }
            let live = try screen.entries()
            try screen.browser.reload()
            let again = try screen.entries()
            #expect(again.map(\.text) == live.map(\.text))
            #expect(again.last?.words.lowercased().contains("cancel") == true)
        }
    }

    @Test("A reader can go from an answer to the message that caused it", .timeLimit(.minutes(1)))
    func causalChain() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            for text in ["something else", "one two three"] {
                try screen.say(text)
                try await screen.waitUntilAnswered(text)
            }
            let message = try #require(try screen.entries().last { $0.role == "user" }?.signal)
            #expect(!message.isEmpty)
            try await screen.followTrace(ofLast: "assistant")
            let steps = try screen.steps()
            #expect(steps.first?.words.contains("conv.in.message.received") == true)
            #expect(steps.count { $0.isCurrent } == 1)
            #expect(steps.first { $0.isCurrent }?.words.contains("conv.out.assistant") == true)
            try await screen.press { try screen.browser.link("conv.in.message.received") }
            try await eventually("the trace of the message") {
                try screen.steps().first { $0.isCurrent }?.words.contains("conv.in.message.received") == true
            }
            let id = URLComponents(string: try screen.browser.url)?.queryItems?.first { $0.name == "id" }?.value
            #expect(id == message)
        }
    }

    @Test(
        "Rewound to an offset, a conversation ends there and is not live; one click leads back", .timeLimit(.minutes(1))
    )
    func rewind() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            try screen.say("the first")
            try await screen.waitUntilAnswered("the first")
            let journal = try JournalFile(deployment.journal)
            try await eventually("everything is applied") { try JournalAudit.isAtRest(journal) }
            let offset = try timeline(deployment, "chat-1").asOf
            try screen.say("the second")
            try await screen.waitUntilAnswered("the second")
            try await screen.rewind(to: offset)
            #expect(try screen.entries().map(\.text) == ["the first", "the first"])
            #expect(try !screen.connection.contains(PageParts.live))
            #expect(try !screen.browser.has(button: PageParts.send))
            let streams = "return performance.getEntriesByType('resource').filter(e => e.name.includes('/live')).length"
            #expect(try screen.browser.number(streams) == 0)
            // Before the first answer.
            try await screen.rewind(to: 1)
            #expect(try screen.entries().map(\.text) == ["the first"])
            try await screen.press { try screen.browser.link(PageParts.now) }
            try await screen.waitUntilLive()
            #expect(try screen.entries().map(\.text) == ["the first", "the first", "the second", "the second"])
        }
    }
}

/// A conversation's timeline as queries return it.
struct QueriedTimeline {
    let asOf: Int
    /// The text; for an answer the whole of it, not its pieces.
    let texts: [String]
}

func timeline(_ deployment: Deployment, _ subject: String) throws -> QueriedTimeline {
    let path = "/v1/conversations/\(subject)/timeline?limit=500"
    let body = try #require(httpGet(path, port: deployment.httpPort)?.body)
    let answer = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    let entries = answer?["entries"] as? [[String: Any]] ?? []
    return QueriedTimeline(
        asOf: answer?["as_of"] as? Int ?? 0,
        texts: entries.filter { $0["kind"] as? String == "message" }.compactMap { $0["content"] as? String })
}
