import Foundation
import MQTTTransport
import Signals
import TestSupport
import Testing

/// The look and accessibility of the page; with screenshots (`Screen.photograph`).
@Suite("The page: looks", .serialized, .browser)
struct LookTests {
    private struct Place {
        let name: String
        let path: String
    }

    /// Conversations with visible content.
    private static func furnish(_ deployment: Deployment) async throws -> [Place] {
        func post(_ subject: String, _ object: [String: Any]) throws {
            let body = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
            #expect(
                httpPost(
                    "/v1/conversations/\(TopicName.encode(level: subject))/signals", body: body,
                    port: deployment.httpPort)?.status == 201)
        }
        func say(_ subject: String, _ id: String, _ content: String) throws {
            try post(
                subject,
                ["specversion": "1.0", "id": id, "type": "conv.in.message.received", "data": ["content": content]])
        }
        try say(
            "chat-42", "order-17", "Where is my order? It was to come on Tuesday, and I have had no word of it since.")
        try say("project/p+1/conversation/weather", "w1", "What is the weather in Oslo?\nAnd in Bergen?")
        try say("שיחה-7", "s1", "שלום, מה שלומך? (hello) 漢字かな مرحبا")
        try say(
            "hostile", "h1", #"<script>alert(1)</script><img src=x onerror=alert(1)> "# + "\u{202e}gnp.exe \u{7} end")
        try say(
            "hostile", "h2",
            String(repeating: "Wagner", count: 120) + " שלום ‏עולם e" + String(repeating: "\u{301}", count: 40))
        try post(
            "chat-43",
            [
                "specversion": "1.0", "id": "reply-to-nothing", "type": "conv.in.message.received",
                "causationid": "a-message-that-never-came", "data": ["content": "as I said"],
            ])
        let client = try await deployment.client()
        try await client.publishMany([
            .signal("timer.tick", of: "chat-42", id: "reminder", #"{"delay_ms":3600000}"#),
            OutgoingMessage(
                topic: "conv/ingest/chat-42",
                payload: Array(
                    (#"{"specversion":"1.0","id":"t1","source":"/bridge","type":"conv.out.tool.status","data":{"output_id":"t1","#
                        + #""channel":"primary","tool_name":"find_parcel","status":"completed","message":"Parcel found in Bergen"}}"#)
                        .utf8)),
        ])
        await client.stop()
        try await eventually("answers, a timer and a dead letter", seconds: 30) {
            deployment.metric("convey_dead_letters_open") == 1
                && deployment.metric("convey_effects_total") >= 11
                && deployment.metric("convey_signals_recorded_total") == 2
                    * deployment.metric("convey_signals_applied_total") + 1
        }
        return [
            Place(name: "conversations", path: "/"), Place(name: "timeline", path: "/c?s=chat-42"),
            Place(name: "timeline-hostile", path: "/c?s=hostile"),
            Place(name: "timeline-rtl", path: "/c?s=%D7%A9%D7%99%D7%97%D7%94-7"),
            Place(name: "timeline-past", path: "/c?s=chat-42&as_of=4"),
            Place(name: "timeline-new", path: "/c?s=chat-99"),
            Place(name: "trace", path: "/c/trace?s=chat-42&id=order-17"),
            Place(name: "state", path: "/c/state?s=chat-42"),
            Place(name: "events", path: "/c/events?s=chat-42"), Place(name: "dead-letters", path: "/deadletters"),
            Place(name: "effects", path: "/effects"), Place(name: "status", path: "/status"),
            Place(name: "nothing", path: "/c/trace?s=chat-42&id=nobody"),
        ]
    }

    @Test(
        "Every page fits phone and desktop, names all controls, and is readable in light and dark",
        .timeLimit(.minutes(2)))
    func everyPage() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms", "--scheduler-cause-timeout", "200ms"])
        try await deployment.start()
        let places = try await Self.furnish(deployment)
        // The last place answers 404.
        try await browse(deployment, allowsFailedRequests: true) { screen in
            for place in places {
                try screen.open(place.path)
                for device in Screen.Device.allCases {
                    for scheme in Screen.Scheme.allCases {
                        try screen.emulate(device, scheme)
                        let view = "\(place.name)-\(device)-\(scheme)"
                        if place.name == "timeline" { try await screen.waitUntilLive() }
                        #expect(try screen.browser.texts(PageChecks.contrast) == [], "\(view)")
                        #expect(try screen.browser.texts(PageChecks.overflow) == [], "\(view)")
                        try screen.photograph(view)
                    }
                }
                #expect(try screen.browser.texts(PageChecks.structure) == [], "\(place.name)")
                for control in try screen.browser.elements(PageChecks.controls) {
                    let name = try screen.browser.accessibleName(control)
                    #expect(!name.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty, "\(place.name)")
                }
                for _ in 0..<8 {
                    try screen.browser.type(Key.tab)
                    #expect(try screen.browser.texts(PageChecks.focus) == [], "\(place.name)")
                }
            }
        }
    }

    @Test("Every page with its files is less than 100 kB, and the files are loaded once", .timeLimit(.minutes(1)))
    func weight() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        try await browse(deployment) { screen in
            let loaded = "return performance.getEntriesByType('resource').reduce((sum, e) => sum + e.transferSize, 0)"
            try screen.open("/")
            let files = try screen.browser.number(loaded)
            #expect(files > 1_000)
            try await screen.openLive("chat-1")
            try screen.say("one two three")
            try await screen.waitUntilAnswered("one two three")
            for page in ["/", "/c/state?s=chat-1", "/c/events?s=chat-1", "/effects", "/deadletters", "/status"] {
                try screen.open(page)
                #expect(try screen.browser.number(loaded) == 0, "\(page): its files were loaded again")
                let bytes = try screen.browser.number(PageChecks.transfer) + files
                print("\(page): \(Int(bytes)) bytes with files")
                #expect(bytes < 100_000, "\(page)")
            }
        }
    }
}
