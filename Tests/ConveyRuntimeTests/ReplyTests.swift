import Testing

@testable import Conversation
@testable import ConveyRuntime

@Suite struct ReplyTests {
    private static let message = "conv/in/kiosk-7/message/received"

    private func allows(
        _ topic: String, for message: String = ReplyTests.message, _ patterns: [String] = ResponseTopicRule.open,
        root: String = "conv"
    ) -> Bool {
        ResponseTopicRule(root: root, patterns: patterns).allows(topic, for: message)
    }

    @Test(arguments: [
        "conv/receipt/me", "conv/receipt/me/2", "conv/receipt/kiosk-8", "conv/receipt/ü", "conv/receipt//x",
    ])
    func `Without users, any response topic under the root's receipt level gets answers`(topic: String) {
        #expect(allows(topic))
    }

    @Test(arguments: [
        "", "reply/me", "conv", "conv/receipts/me", "Conv/receipt/me", "conv2/receipt/me", "/conv/receipt/me",
        "$share/g/x",
        "$SYS/x", "$", "conv/receipt/+", "conv/receipt/#", "conv/receipt/a+b", "conv/receipt/a\0b",
        "conv/receipt/a\u{1}",
        "conv/in/kiosk-7/message/received", "conv/out/a/x", "conv/query/_/effects",
        "conv/receipt/" + String(repeating: "a/", count: 200) + "z",
        "conv/receipt/" + String(repeating: "a/", count: ResponseTopicRule.levelLimit - 2) + "z",
        "conv/receipt/" + String(repeating: "x", count: 65_536),
    ])
    func `Other topics, the broker's own, and those at which it would disconnect get no answer`(topic: String) {
        #expect(!allows(topic))
    }

    @Test func `Whatever is configured, no reply goes into Convey's own trees or to the broker's own topics`() {
        for pattern in ["#", "+/+/#", "{root}/#", "{root}/in/{subject}/#"] {
            for tree in ["in", "ingest", "out", "effect", "applied", "audit", "tool", "query", "status"] {
                #expect(!allows("conv/\(tree)/kiosk-7/x", [pattern]), "\(pattern) \(tree)")
                #expect(!allows("conv/\(tree)", [pattern]), "\(pattern) \(tree)")
            }
            #expect(!allows("$SYS/x", [pattern]))
            #expect(!allows("$share/g/conv/receipt/x", [pattern]))
        }
        #expect(allows("replies/me", ["replies/+"]))
        #expect(!allows("replies/me/x", ["replies/+"]))
        #expect(allows("site/conv/receipt/x", for: "site/conv/in/a/b", root: "site/conv"))
        #expect(!allows("site/conv/in/x", for: "site/conv/in/a/b", ["#"], root: "site/conv"))
    }

    @Test func `Bound to the subject, a client reaches receipts of the subject it wrote to and no others`() {
        let bound = ResponseTopicRule.bound
        for message in [Self.message, "conv/ingest/kiosk-7", "conv/query/kiosk-7/timeline", "conv/in/kiosk-7"] {
            #expect(allows("conv/receipt/kiosk-7", for: message, bound))
            #expect(allows("conv/receipt/kiosk-7/1", for: message, bound))
            for other in ["kiosk-8", "kiosk-8/kiosk-7", "host", "_", "kiosk", "kiosk-77", "kiosk%2D7", ""] {
                #expect(!allows("conv/receipt/\(other)", for: message, bound), "\(other) for \(message)")
            }
        }
        #expect(allows("conv/receipt/_/me", for: "conv/query/_/conversations", bound))
        // A topic without a subject is bound to none.
        for message in ["conv/ingest", "conv/in", "conv/in//x", "other/in/a/b"] {
            #expect(!allows("conv/receipt/", for: message, bound))
            #expect(!allows("conv/receipt/a", for: message, bound))
        }
    }

    @Test func `A pattern that is not a topic filter is refused with a message`() {
        for pattern in ResponseTopicRule.open + ResponseTopicRule.bound + [
            "replies/+", "#", "+", "a/{subject}/+/#", "/x",
        ] {
            #expect(ResponseTopicRule.fault(inPattern: pattern) == nil, "\(pattern)")
        }
        for pattern in ["", "$SYS/#", "a/#/b", "a+", "a/b#", "a/{root}", "{subject", "x{subject}", "a/\0", "{user}/x"] {
            #expect(ResponseTopicRule.fault(inPattern: pattern) != nil, "\(pattern)")
        }
    }

    private func receipt(_ number: Int) -> Reply {
        Reply(
            topic: "r/\(number)", correlationData: nil,
            content: .receipt(.recorded(id: "i", subject: "c", offset: Int64(number))))
    }

    @Test func `Replies beyond the limits replace the oldest`() {
        let queue = ReplyQueue()
        #expect(queue.append((0..<(ReplyQueue.countLimit + 5)).map(receipt)) == 5)
        let taken = queue.take(.max)
        #expect(taken.count == ReplyQueue.countLimit)
        #expect(taken.first?.topic == "r/5")
        #expect(
            String(decoding: taken[0].payload, as: UTF8.self)
                == #"{"status":"recorded","id":"i","subject":"c","offset":5}"#)
        #expect(queue.isEmpty)

        let large = Reply(
            topic: "large", correlationData: nil,
            content: .answer(QueryAnswer(status: 200, body: Array(repeating: 0, count: ReplyQueue.byteLimit / 3))))
        #expect(queue.append([receipt(1), large, large, large]) == 2)
        #expect(queue.take(10).map(\.topic) == ["large", "large"])
    }

    @Test func `A topic at which the connection ended is not used for a while`() {
        var topics = ShunnedTopics()
        topics.insert("a", now: 0)
        #expect(topics.contains("a", now: 59_000_000))
        #expect(!topics.contains("b", now: 0))
        #expect(!topics.contains("a", now: 61_000_000))
        for number in 0..<2_000 { topics.insert("\(number)", now: Int64(number)) }
        #expect(topics.contains("1999", now: 2_000))
    }
}
