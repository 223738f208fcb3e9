import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite("The page: many conversations", .serialized, .browser)
struct CrowdTests {
    private static let count = 30_000
    /// The page with its files, on the wire.
    private static let byteLimit = 100_000.0

    private static func subject(_ number: Int) -> String { "order-\(String(number + 1_000_000).dropFirst())" }

    /// Makes a number of conversations of one signal each, and waits until all are applied.
    private static func fill(_ deployment: Deployment) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let publishers = 4
            for publisher in 0..<publishers {
                let client = try await deployment.client()
                group.addTask {
                    let own = stride(from: publisher, to: count, by: publishers).map { $0 }
                    for start in stride(from: 0, to: own.count, by: 2_000) {
                        try await client.publishMany(
                            own[start..<min(own.count, start + 2_000)].map { number in
                                OutgoingMessage(
                                    topic: "conv/in/\(subject(number))/note/taken", payload: Array("{}".utf8))
                            })
                    }
                    await client.stop()
                }
            }
            try await group.waitForAll()
        }
        try await eventually("all are applied", seconds: 120) {
            deployment.metric("convey_signals_applied_total") >= Double(count)
        }
    }

    @Test(
        "One of 30,000 conversations is found by name and opened; the list stays small",
        .timeLimit(.minutes(3)))
    func search() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let began = ContinuousClock.now
        try await Self.fill(deployment)
        print("30,000 conversations: made in \(ContinuousClock.now - began)")
        try await browse(deployment) { screen in
            try screen.open("/")
            #expect(try screen.browser.number(PageChecks.transfer) < Self.byteLimit)
            #expect((10...200).contains(try screen.listed().count))
            let wanted = Self.subject(23_412)
            try await screen.search(wanted)
            #expect(try screen.listed().map { $0.split(separator: "\n").first.map(String.init) } == [wanted])
            try await screen.press { try screen.browser.element(PageParts.conversationLink) }
            try await screen.waitUntilLive()
            #expect(try screen.words.contains(wanted))
            // A part of a name finds all names that contain it, page by page: each page reads a limited number of
            // conversations.
            try screen.open("/")
            try await screen.search("der-02341")
            var found: [String] = []
            while true {
                found += try screen.listed()
                guard try screen.browser.has(link: PageParts.more) else { break }
                let place = try screen.place
                try await screen.press { try screen.browser.link(PageParts.more) }
                try await eventually("the next page") { try screen.place != place }
            }
            #expect(found.sorted() == (23_410...23_419).map(Self.subject))
            try screen.open("/")
            try await screen.search("nobody")
            #expect(try screen.listed().isEmpty)
        }
    }
}
