import MQTTTransport
import TestSupport
import Testing

@Suite("Causal order")
struct CausalOrderTests {
    private static func note(_ id: String, cause: String? = nil) -> (topic: String, payload: [UInt8]) {
        let causation = cause.map { #""causationid":"\#($0)","# } ?? ""
        let envelope =
            #"{"specversion":"1.0","id":"\#(id)","source":"/test","type":"conv.in.note.taken","subject":"causal",\#(causation)"#
            + #""data":{}}"#
        return ("conv/in/causal/note/taken", Array(envelope.utf8))
    }

    private static func publish(_ id: String, cause: String? = nil, _ client: ReceiptClient) async throws -> String {
        let message = note(id, cause: cause)
        return try await client.publish(topic: message.topic, payload: message.payload).status
    }

    /// The ids of the applied notes, in the order of application.
    private static func applied(_ journal: JournalFile) throws -> [String] {
        try journal.texts(
            """
            SELECT j.id FROM journal m JOIN journal j ON j.position = m.applied_position
            WHERE m.id IS NULL AND j.type = 'conv.in.note.taken' ORDER BY m.apply_order
            """)
    }

    @Test("A signal is applied after its cause, even if it came first", .timeLimit(.minutes(1)))
    func waitsForCause() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let client = try await ReceiptClient(deployment)
        for (id, cause) in [("third", "second"), ("second", "first"), ("other", nil), ("first", nil)] {
            #expect(try await Self.publish(id, cause: cause, client) == "recorded")
        }
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        #expect(try Self.applied(journal) == ["other", "first", "second", "third"])
        #expect(
            try journal.texts("SELECT id FROM journal WHERE type = 'conv.in.note.taken' ORDER BY offset")
                == ["third", "second", "other", "first"])
        try JournalAudit.expectSound(journal, isAtRest: true)
        await client.stop()
    }

    @Test(
        "A signal that waits for its cause survives a kill, and is applied once the cause is", .timeLimit(.minutes(1)))
    func survivesKill() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let client = try await ReceiptClient(deployment)
        #expect(try await Self.publish("second", cause: "first", client) == "recorded")
        #expect(deployment.metric("convey_signals_parked") == 1)
        deployment.kill()
        try await deployment.start()
        let journal = try JournalFile(deployment.journal)
        #expect(try Self.applied(journal) == [])
        #expect(try await Self.publish("first", client) == "recorded")
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        #expect(try Self.applied(journal) == ["first", "second"])
        try JournalAudit.expectSound(journal, isAtRest: true)
        await client.stop()
    }

    @Test("A signal without its cause in time becomes a dead letter; the others continue", .timeLimit(.minutes(1)))
    func deadLetter() async throws {
        let deployment = try Deployment(["--scheduler-cause-timeout", "300ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        #expect(try await Self.publish("orphan", cause: "never", client) == "recorded")
        #expect(try await Self.publish("other", client) == "recorded")
        let notice = try await listener.first("a dead letter") { $0.type == "conv.audit.signal.dead_lettered" }
        #expect(notice.data("signal_id") == "orphan")
        #expect(notice.data("cause_id") == "never")
        #expect(notice.data("reason") == "cause_timeout")
        #expect(notice.topic == "conv/audit/causal/signal/dead_lettered")

        // A signal that waits for a dead letter does not wait forever either; and a kill does not bring a dead letter
        // back.
        deployment.kill()
        try await deployment.start()
        #expect(try await Self.publish("child", cause: "orphan", client) == "recorded")
        #expect(try await Self.publish("last", client) == "recorded")
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        #expect(try Self.applied(journal) == ["other", "last"])
        #expect(try journal.number("SELECT count(*) FROM dead_letters") == 2)
        try JournalAudit.expectSound(journal, isAtRest: true)
        await client.stop()
        await listener.stop()
    }
}
