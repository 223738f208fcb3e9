import Testing

@testable import bench

@Suite("Counting returned signals")
struct CountingTests {
    private func note(_ text: String, _ deliveries: inout Deliveries) -> Int? {
        Array(text.utf8).withUnsafeBytes { deliveries.note($0) }
    }

    private func marker(_ number: Int, tag: String = "t") -> String {
        #"{"id":"applied-1","causationid":"\#(SignalTemplates.id(.init(tag: tag), number))","data":{}}"#
    }

    @Test("A signal counts once; repeats and other messages count separately")
    func deliveries() {
        var deliveries = Deliveries(member: "causationid", tag: "t")
        #expect(note(marker(7), &deliveries) == 7)
        #expect(note(marker(7), &deliveries) == nil)
        #expect(note(marker(123_456), &deliveries) == 123_456)
        #expect(note(marker(8, tag: "other"), &deliveries) == nil)
        #expect(note("{}", &deliveries) == nil)
        #expect((deliveries.seen, deliveries.repeats, deliveries.strays) == (2, 1, 2))
        #expect(deliveries.hasSeen(7) && deliveries.hasSeen(123_456))
        #expect(!deliveries.hasSeen(8) && !deliveries.hasSeen(10_000_000))
    }

    @Test("An id is found at any position in the message")
    func moving() {
        var deliveries = Deliveries(member: "causationid", tag: "t")
        let padding = String(repeating: " ", count: 500)
        #expect(note(padding + marker(1), &deliveries) == 1)
        #expect(note(marker(2), &deliveries) == 2)
        #expect(note(padding + padding + marker(3), &deliveries) == 3)
    }

    private func read(_ topic: String, _ sequence: Int, _ stream: inout EventStream) throws -> Bool {
        let payload = Array(#"{"id":"x","sequence":\#(sequence),"offset":5,"data":{}}"#.utf8)
        return try Array(topic.utf8).withUnsafeBytes { topic in
            try payload.withUnsafeBytes { try stream.read(topic, $0).isNew }
        }
    }

    @Test("A missing event of a conversation is reported")
    func sequences() throws {
        var stream = EventStream(prefix: "c", subjects: 10)
        let (out, effect) = ("conv/out/c-000003/assistant/delta", "conv/effect/c-000003/llm/generation/started")
        #expect(try read(out, 1, &stream))
        #expect(try read(effect, 1, &stream))
        #expect(try read(out, 2, &stream))
        #expect(try !read(out, 2, &stream))
        #expect(try read("conv/out/c-000004/assistant/delta", 1, &stream))
        #expect((stream.count, stream.repeats) == (5, 1))
        #expect(throws: BenchError.self) { try read(out, 4, &stream) }
        #expect(throws: BenchError.self) { try read("conv/out/c-000010/assistant/delta", 1, &stream) }
        #expect(throws: BenchError.self) { try read("conv/audit/c-000003/signal/rejected", 1, &stream) }
    }
}
