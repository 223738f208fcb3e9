import Foundation
import TestSupport
import Testing

/// The page where tokens decide who may do what, and where scripts do not run.
@Suite("The page: access", .serialized, .browser)
struct AccessPageTests {
    /// `NAME:SCOPE:SHA256`; the tokens are `token-of-ann` (admin) and `token-of-ray` (read).
    private static let tokens = """
        ann:admin:a3656c50c59b9dd17e7b7539929effb20169a63d77b0453e14162984b611c5f8
        ray:read:fe4201d9164bdeeba0bb81de1a122d20fd7c84104796d5b48b94b9380939690d
        """

    private static func protected() throws -> Deployment {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
        guard
            FileManager.default.createFile(
                atPath: file.path, contents: Data(tokens.utf8), attributes: [.posixPermissions: 0o600])
        else { throw TestSupportError("cannot write \(file.path)") }
        return try Deployment(["--llm-echo-delay", "1ms", "--http-tokens-file", file.path])
    }

    private static func signIn(_ screen: Screen, _ token: String) async throws {
        try screen.browser.type(token, into: screen.browser.element(PageParts.token))
        try await screen.press { try screen.browser.button(PageParts.signIn) }
    }

    @Test(
        "A user without a token is asked for one, told if it is wrong, led to the wanted page, and can sign out",
        .timeLimit(.minutes(1)))
    func signingIn() async throws {
        let deployment = try Self.protected()
        try await deployment.start()
        try await browse(deployment, allowsFailedRequests: true) { screen in
            try screen.open("/c?s=chat-1")
            #expect(try screen.place.hasPrefix("/login"))
            #expect(try screen.browser.elements(PageParts.timeline).isEmpty)
            try await Self.signIn(screen, "wrong")
            try await eventually("it is said that the token is wrong") {
                try screen.browser.text("return document.querySelector('[role=alert]')?.innerText ?? ''").contains(
                    "token")
            }
            #expect(try screen.place.hasPrefix("/login"))
            try await Self.signIn(screen, "token-of-ann")
            try await eventually("the page that was wanted") { try screen.place == "/c?s=chat-1" }
            try await screen.waitUntilLive()
            try screen.say("it is me")
            try await screen.waitUntilAnswered("it is me")
            #expect(try screen.browser.text("return document.cookie").isEmpty, "a script can read the token")
            try await screen.press { try screen.browser.button(PageParts.signOut) }
            try await eventually("signed out") { try screen.place.hasPrefix("/login") }
            try screen.open("/c?s=chat-1")
            #expect(try screen.place.hasPrefix("/login"))
        }
    }

    @Test(
        "A read token shows everything, and every change is missing or refused with an explanation",
        .timeLimit(.minutes(1)))
    func readOnly() async throws {
        let deployment = try Self.protected()
        try await deployment.start()
        try await browse(deployment, allowsFailedRequests: true) { screen in
            try screen.open("/c?s=chat-1")
            try await Self.signIn(screen, "token-of-ray")
            try await screen.waitUntilLive()
            if try screen.browser.has(button: PageParts.send) {
                try screen.say("may I?")
                try await eventually("it is said why not") {
                    try screen.words.contains(Regex(PageParts.refusal))
                }
                try screen.open("/c?s=chat-1")
            }
            if try screen.browser.has(button: PageParts.abort) {
                try await screen.press { try screen.browser.button(PageParts.abort) }
                try await eventually("it is said why not") {
                    try screen.words.contains(Regex(PageParts.refusal))
                }
            }
            try screen.open("/c?s=chat-1")
            #expect(try screen.entries().isEmpty)
            for page in ["/", "/deadletters", "/status"] {
                try screen.open(page)
                #expect(try screen.place == page)
            }
        }
        #expect(deployment.metric("convey_signals_received_total") == 0)
    }

    @Test("Without JavaScript every page is readable, and a message can be sent", .timeLimit(.minutes(1)))
    func withoutScripts() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms", "--scheduler-cause-timeout", "200ms"])
        try await deployment.start()
        _ = httpPost(
            "/v1/conversations/chat-2/signals",
            body: #"{"specversion":"1.0","id":"late","type":"conv.in.note.taken","causationid":"never","data":{}}"#,
            port: deployment.httpPort)
        try await eventually("a dead letter") { deployment.metric("convey_dead_letters_open") == 1 }
        try await browse(deployment) { screen in
            try screen.disableScripts()
            try screen.open("/c?s=chat-1")
            try screen.say("two\nlines")
            try await eventually("the answer, when the page is loaded again") {
                try screen.open("/c?s=chat-1")
                return try screen.entries().map(\.text) == ["two\nlines", "two\nlines"]
            }
            try await screen.followTraceWithoutScripts()
            #expect(try screen.steps().first?.words.contains("conv.in.message.received") == true)
            try screen.open("/")
            #expect(try screen.listed().count == 2)
            try await screen.search("chat-1")
            #expect(try screen.listed().count == 1)
            try screen.open("/c?s=chat-1")
            try await screen.rewind(to: 1)
            #expect(try screen.entries().map(\.text) == ["two\nlines"])
            for (page, words) in [
                ("/c/state?s=chat-1", "Digest"), ("/c/events?s=chat-1", "conv.in.message.received"),
                ("/deadletters", PageParts.causeTimeout), ("/status", "Ready"),
            ] {
                try screen.open(page)
                #expect(try screen.words.contains(words), "\(page)")
            }
            try screen.open("/deadletters")
            try screen.choose(letterWith: "late")
            try await screen.press { try screen.browser.button(PageParts.discard) }
            try await eventually("none is left") { try screen.browser.elements(PageParts.letter).isEmpty }
        }
    }
}
