import JournalPort
import Signals
import Testing

@testable import ConveyEngine

@Suite struct CheckpointWriterTests {
    private static let interval: Int64 = 16_384

    private static func identities(_ count: Int) -> IdentityIndex {
        var index = IdentityIndex()
        for number in 1...count {
            index.insert(IdentityHash.of(subject: "s", id: "\(number)"), Position(Int64(number)))
        }
        return index
    }

    private static func conversations(_ count: Int) -> [ActiveConversation] {
        (1...count).map { number in
            let conversation = ActiveConversation(
                ConversationRecord(id: ConversationID(Int64(number)), subject: "s\(number)", partition: 0))
            conversation.isDirty = true
            return conversation
        }
    }

    private static func writer(
        identities: Int = 8_192, conversations: [ActiveConversation], pending: PendingChanges = PendingChanges()
    ) -> CheckpointWriter {
        CheckpointWriter(
            through: Position(interval), identities: Self.identities(identities), conversations: conversations,
            pending: pending, applyOrders: [7], interval: interval)
    }

    private struct Written {
        var identities: [Position] = []
        var conversations: [ConversationID] = []
        var checkpoint: Checkpoint?
        var transactions: Int64 = 0
        var most = 0
    }

    /// Runs transactions of a given number of records until the checkpoint is complete.
    private static func finish(_ writer: inout CheckpointWriter, records: Int) -> Written {
        var written = Written()
        while written.checkpoint == nil, written.transactions < 100_000 {
            var batch = JournalBatch()
            batch.records = (0..<records).map { _ in
                JournalRecord(
                    position: Position(1), conversation: ConversationID(1), previous: .start, offset: 1, sequence: 1,
                    recordedAt: 0,
                    content: .marker(Marker(appliedPosition: Position(1), applyOrder: 1, priority: .normal, digest: 0)))
            }
            for conversation in writer.write(to: &batch) {
                conversation.isDirty = false
                written.conversations.append(conversation.record.id)
            }
            written.identities += batch.identities.map(\.position)
            written.most = max(written.most, batch.identities.count)
            written.checkpoint = batch.checkpoint
            written.transactions += 1
        }
        return written
    }

    @Test(arguments: [0, 1, 12, 400, 20_000])
    func `Each identity and each changed conversation is written once, and the cursor moves last`(records: Int) {
        var writer = Self.writer(conversations: Self.conversations(1_000))
        let written = Self.finish(&writer, records: records)
        #expect(written.identities.sorted() == (1...8_192).map { Position($0) })
        #expect(written.conversations == (1...1_000).map { ConversationID($0) })
        #expect(written.checkpoint?.through == Position(Self.interval))
        #expect(written.checkpoint?.applyOrders == [7])
    }

    @Test(arguments: [1, 12, 400, 5_000])
    func `A checkpoint is complete after half an interval, however much there is to write`(records: Int) {
        var writer = Self.writer(identities: 16_384, conversations: Self.conversations(20_000))
        let written = Self.finish(&writer, records: records)
        #expect(written.checkpoint != nil)
        #expect((written.transactions - 1) * Int64(records) <= Self.interval / 2)
    }

    @Test func `A small transaction carries a small part of a checkpoint`() {
        var writer = Self.writer(identities: 16_384, conversations: Self.conversations(1_000))
        #expect(Self.finish(&writer, records: 12).most < 400)
    }

    @Test func `Identities are found until the checkpoint is complete`() {
        var writer = Self.writer(conversations: [])
        var batch = JournalBatch()
        _ = writer.write(to: &batch)
        #expect(!batch.identities.isEmpty && batch.checkpoint == nil)
        for entry in batch.identities { #expect(writer.positions(entry.hash) == [entry.position]) }
    }

    @Test func `A conversation saved on eviction is not overwritten with an older state`() {
        let conversations = Self.conversations(3)
        var writer = Self.writer(conversations: conversations)
        conversations[1].isDirty = false
        #expect(Self.finish(&writer, records: 100).conversations == [ConversationID(1), ConversationID(3)])
    }

    @Test func `A dead letter re-driven during a checkpoint stays pending`() {
        var pending = PendingChanges(from: [Position(1), Position(2)], to: [Position(3), Position(4)])
        pending.insert(Position(5))
        var writer = Self.writer(conversations: [], pending: pending)
        var batch = JournalBatch()
        _ = writer.write(to: &batch)
        writer.restore(Position(2))
        writer.restore(Position(4))
        let checkpoint = Self.finish(&writer, records: 100).checkpoint
        #expect(checkpoint?.pendingRemoved == [Position(1)])
        #expect(checkpoint?.pendingAdded == [Position(3), Position(5)])
    }
}
