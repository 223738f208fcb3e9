import Foundation
import TestSupport
import Testing

/// The page while the service stops and starts.
@Suite("The page: reconnecting", .serialized, .browser)
struct ReconnectTests {
    @Test(
        "A page reconnects by itself when the service is back after a crash: no event is missing or repeated",
        .timeLimit(.minutes(2)))
    func crash() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "20ms"])
        try await deployment.start()
        let texts = (1...3).map { round in (1...60).map { "round\(round)word\($0)" }.joined(separator: " ") }
        // Requests fail while the service is down.
        try await browse(deployment, allowsFailedRequests: true) { screen in
            try screen.browser.devTools("Page.addScriptToEvaluateOnNewDocument", ["source": PageChecks.eventLog])
            try await screen.openLive("chat-1")
            _ = try screen.browser.run("window.__loadedOnce = true")
            for (round, text) in texts.enumerated() {
                try await screen.waitUntilLive()
                try screen.say(text)
                try await eventually("some of answer \(round)") {
                    try screen.entries().count == 2 * round + 2 && screen.lastAnswer().count > 40
                }
                deployment.kill()
                try await eventually("the page notices") { try !screen.connection.contains(PageParts.live) }
                try await deployment.start()
                try await screen.waitUntilAnswered(text, seconds: 30)
            }
            #expect(try screen.browser.flag("return window.__loadedOnce === true"))
            let journaled = try timeline(deployment, "chat-1")
            #expect(try screen.entries().map(\.text) == journaled.texts)
            #expect(journaled.texts == texts.flatMap { [$0, $0] })
            try await eventually("the newest event") {
                try screen.browser.number("return window.__events.at(-1)")
                    == Double(timeline(deployment, "chat-1").asOf)
            }
            let events = try #require(try screen.browser.run("return window.__events") as? [Int])
            #expect(events == Array(1...max(1, events.count)))
        }
    }
}
