import Foundation
import TestSupport
import Testing

/// Wherever a call waits for approval, the page shows the call and its arguments, and has the buttons.
@Suite("The page: approval", .serialized, .browser)
struct ApprovalPageTests {
    private static func waiting() async throws -> (Deployment, ScriptedModel) {
        let model = try ScriptedModel.askingForWeather()
        let deployment = try Deployment(
            model.flags + ToolBench.flags(["get_weather"], #""timeout":"20s","requires_approval":true"#))
        try await deployment.start()
        post("the weather?", deployment)
        try await eventually("a call that waits for approval") {
            httpGet("/v1/effects", port: deployment.httpPort)?.body.contains("awaiting_consent") == true
        }
        return (deployment, model)
    }

    private static func post(_ text: String, _ deployment: Deployment) {
        let answer = httpPost(
            "/v1/conversations/chat-1/signals?type=conv.in.message.received", body: #"{"content":"\#(text)"}"#,
            port: deployment.httpPort)
        #expect(answer?.status == 201)
    }

    /// The id of the conversation's first effect.
    private static func oldestEffect(_ deployment: Deployment) throws -> String {
        let body = try #require(httpGet("/v1/effects?subject=chat-1&limit=1", port: deployment.httpPort)?.body)
        let answer = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        return (answer?["effects"] as? [[String: Any]])?.first?["effect_id"] as? String ?? ""
    }

    private static func expectRequest(_ screen: Screen, at path: String) throws {
        try screen.open(path)
        let words = try screen.words
        #expect(words.contains("get_weather") && words.contains(#"{"city":"Oslo"}"#), "\(path): \(words)")
        #expect(
            try screen.browser.has(button: PageParts.allow) && screen.browser.has(button: PageParts.deny), "\(path)")
    }

    @Test(
        "A call that waits for approval is on every page that lists it, after a reload too, until it is decided",
        .timeLimit(.minutes(1)))
    func everywhere() async throws {
        let (deployment, model) = try await Self.waiting()
        try await browse(deployment) { screen in
            for path in [Screen.path(of: "chat-1"), Screen.path(of: "chat-1", "/c/state"), "/effects"] {
                try Self.expectRequest(screen, at: path)
                try Self.expectRequest(screen, at: path)
            }
            try screen.open("/")
            #expect(try screen.words.contains("waits for approval"))
            try screen.open(Screen.path(of: "chat-1", "/c/state"))
            try await screen.press { try screen.browser.button(PageParts.deny) }
            try await eventually("the model hears of it; \(screen.shown)") {
                try screen.open(Screen.path(of: "chat-1"))
                return try screen.lastAnswer().contains("denied")
            }
            for path in [Screen.path(of: "chat-1"), Screen.path(of: "chat-1", "/c/state"), "/effects"] {
                try screen.open(path)
                #expect(try !screen.browser.has(button: PageParts.allow), "\(path)")
            }
        }
        withExtendedLifetime(model) {}
    }

    @Test("Buttons in an open page go when somebody else decides", .timeLimit(.minutes(1)))
    func elsewhere() async throws {
        let (deployment, model) = try await Self.waiting()
        try await browse(deployment) { screen in
            try await screen.openLive("chat-1")
            #expect(try screen.browser.has(button: PageParts.allow))
            let answer = httpPost(
                "/v1/conversations/chat-1/signals?type=conv.in.tool.denied", body: #"{"tool_call_id":"call-0"}"#,
                port: deployment.httpPort)
            #expect(answer?.status == 201)
            try await eventually("the buttons are gone; \(screen.shown)") {
                try !screen.browser.has(button: PageParts.allow)
            }
        }
        withExtendedLifetime(model) {}
    }

    @Test("A waiting request that newer messages pushed off the page is shown at its end", .timeLimit(.minutes(2)))
    func pushedOff() async throws {
        let (deployment, model) = try await Self.waiting()
        let first = try Self.oldestEffect(deployment)
        for number in 1...101 { Self.post("message \(number)", deployment) }
        try await browse(deployment) { screen in
            let path = Screen.path(of: "chat-1")
            try Self.expectRequest(screen, at: path)
            #expect(try screen.entries().count == 100 && !screen.entries().contains { $0.role == "tool" })
            try await screen.press { try screen.browser.button(PageParts.deny) }
            // The next message's call asks again.
            try await eventually("it is decided") {
                try Self.oldestEffect(deployment) != first
            }
        }
        withExtendedLifetime(model) {}
    }
}
