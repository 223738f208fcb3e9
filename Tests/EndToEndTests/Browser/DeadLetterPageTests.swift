import Foundation
import TestSupport
import Testing

@Suite("The page: dead letters", .serialized, .browser)
struct DeadLetterPageTests {
    private static func post(_ deployment: Deployment, id: String, cause: String? = nil, _ content: String) {
        let because = cause.map { #""causationid":"\#($0)","# } ?? ""
        let answer = httpPost(
            "/v1/conversations/chat-1/signals",
            body: #"{"specversion":"1.0","id":"\#(id)",\#(because)"type":"conv.in.message.received","#
                + #""data":{"content":"\#(content)"}}"#,
            port: deployment.httpPort)
        #expect(answer?.status == 201)
    }

    @Test("A dead letter re-driven after its cause has come is applied and answered", .timeLimit(.minutes(1)))
    func redrive() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms", "--scheduler-cause-timeout", "200ms"])
        try await deployment.start()
        Self.post(deployment, id: "late", cause: "missing", "too early")
        Self.post(deployment, id: "hopeless", cause: "never", "for nothing")
        try await eventually("two dead letters") { deployment.metric("convey_dead_letters_open") == 2 }
        try await browse(deployment) { screen in
            try screen.open("/deadletters")
            #expect(try screen.browser.elements(PageParts.letter).count == 2)
            #expect(try screen.words.contains(PageParts.causeTimeout))
            Self.post(deployment, id: "missing", "the cause")
            try await eventually("the cause is answered") {
                try timeline(deployment, "chat-1").texts.contains("the cause")
            }
            try screen.choose(letterWith: "late")
            try await screen.press { try screen.browser.button(PageParts.redrive) }
            try await eventually("one dead letter is left") {
                try screen.browser.elements(PageParts.letter).count == 1
            }
            try screen.choose(letterWith: "hopeless")
            try await screen.press { try screen.browser.button(PageParts.discard) }
            try await eventually("none is left") { try screen.browser.elements(PageParts.letter).isEmpty }
            #expect(deployment.metric("convey_dead_letters_open") == 0)
            try await screen.openLive("chat-1")
            try await screen.waitUntilAnswered("too early")
            #expect(try !screen.entries().contains { $0.role == "assistant" && $0.text == "for nothing" })
        }
    }

    @Test("An effect in progress is canceled by its button, and the conversation continues", .timeLimit(.minutes(1)))
    func cancelEffect() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "100ms"])
        try await deployment.start()
        let long = (1...400).map { "word\($0)" }.joined(separator: " ")
        _ = httpPost(
            "/v1/conversations/chat-1/signals?type=conv.in.message.received", body: #"{"content":"\#(long)"}"#,
            port: deployment.httpPort)
        try await eventually("an effect") { deployment.metric("convey_effects_total") > 0 }
        try await browse(deployment) { screen in
            try await eventually("an effect with a button") {
                try screen.open(Screen.path(of: "chat-1", "/c/state"))
                return try screen.browser.has(button: PageParts.cancel)
            }
            try await screen.press { try screen.browser.button(PageParts.cancel) }
            try await eventually("no effect is under way") {
                try screen.open(Screen.path(of: "chat-1", "/c/state"))
                return try !screen.browser.has(button: PageParts.cancel)
            }
            try await screen.openLive("chat-1")
            let kept = try screen.lastAnswer()
            #expect(long.hasPrefix(kept) && kept.count < long.count)
            try screen.say("go on")
            try await screen.waitUntilAnswered("go on")
        }
    }
}
