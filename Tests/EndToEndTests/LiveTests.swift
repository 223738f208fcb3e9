import Foundation
import Signals
import TestSupport
import Testing

/// Participation over HTTP: signals in, live events out.
@Suite("Live over HTTP", .serialized)
struct LiveTests {
    @Test(
        "A reader that reconnects after crashes has every event once, in order, from first message to last answer",
        .timeLimit(.minutes(2)))
    func resumes() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let path = "/v1/conversations/chat-1/stream"
        var events: [EventReader.Event] = []
        for round in 1...3 {
            let id = "m\(round)"
            let answer = try #require(
                httpPost(
                    "/v1/conversations/chat-1/signals",
                    body:
                        #"{"specversion":"1.0","id":"\#(id)","type":"conv.in.message.received","data":{"content":"one two three"}}"#,
                    port: deployment.httpPort))
            #expect(answer.status == 201)
            #expect(answer.body.contains(#""status":"recorded""#))
            // A few events, then a crash in the middle of the answer.
            let some = await EventReader.read(path, after: events.last?.id ?? 0, port: deployment.httpPort) {
                $0.type == "conv.out.assistant.delta"
            }
            #expect(!some.isEmpty)
            events += some
            deployment.kill()
            try await deployment.start()
            events += await EventReader.read(path, after: events.last?.id ?? 0, port: deployment.httpPort) {
                $0.type == "conv.out.assistant.completed"
            }
        }
        #expect(events.map(\.id) == Array(1...Int64(max(1, events.count))))
        #expect(Set(events.map(\.signal)).count == events.count)
        #expect(events.filter { $0.type == "conv.in.message.received" }.map(\.signal) == ["m1", "m2", "m3"])
        #expect(events.filter { $0.type == "conv.out.assistant.completed" }.count == 3)
    }

    @Test(
        "The same id posted again is a duplicate, and invalid signals are refused and not recorded",
        .timeLimit(.minutes(1)))
    func receipts() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let path = "/v1/conversations/chat-1/signals"
        func post(_ body: String, _ query: String = "") -> HTTPAnswer? {
            httpPost(path + query, body: body, port: deployment.httpPort)
        }
        let envelope = #"{"specversion":"1.0","id":"a","type":"conv.in.note.taken","data":{}}"#
        #expect(post(envelope)?.status == 201)
        let again = try #require(post(envelope))
        #expect(again.status == 200)
        #expect(again.body.contains(#""status":"duplicate""#))
        #expect(post("{", "?type=conv.in.note.taken")?.status == 400)
        #expect(post("{}", "?type=conv.out.note.taken")?.status == 400)
        #expect(post("{}")?.status == 400)
        #expect(deployment.metric("convey_signals_received_total") == 2)
    }

    @Test("Every view of the page exists, and a conversation full of markup is shown as text", .timeLimit(.minutes(1)))
    func pages() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let hostile = #"<script>alert(1)</script>"#
        let subject = TopicName.encode(level: "..<b>")
        let answer = httpPost(
            "/v1/conversations/\(subject)/signals?type=conv.in.message.received", body: #"{"content":"\#(hostile)"}"#,
            port: deployment.httpPort)
        #expect(answer?.status == 201)
        try await eventually("the answer") {
            httpGet("/v1/conversations/\(subject)/timeline", port: deployment.httpPort)?.body.contains("completed")
                == true
        }
        let paths = [
            "/", "/c?s=\(subject)", "/c/state?s=\(subject)", "/c/events?s=\(subject)", "/deadletters", "/status",
        ]
        for path in paths {
            let page = try #require(httpGet(path, port: deployment.httpPort))
            #expect(page.status == 200, "\(path)")
            #expect(page.body.contains("<!doctype html>"), "\(path)")
            #expect(!page.body.contains("<script>") && !page.body.contains("..<b>"), "\(path)")
        }
        let timeline = try #require(httpGet("/c?s=\(subject)", port: deployment.httpPort))
        #expect(timeline.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
        #expect(httpGet("/c?s=nobody", port: deployment.httpPort)?.status == 200)
        #expect(httpGet("/c/state?s=nobody", port: deployment.httpPort)?.status == 404)
    }
}
