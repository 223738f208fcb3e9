import Conversation
import Foundation
import JournalPort
import JournalReading
import JournalSupport
import SQLiteJournal
import Signals
import Testing

@Suite struct ContextReadingTests {
    private let directory = NSTemporaryDirectory() + "convey-contexts-" + UUID().uuidString

    @Test(arguments: 0..<3)
    func `Contexts read from a journal that is being written equal those of the whole conversations`(
        seed: UInt64
    ) async throws {
        // Only temporary files would remain.
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let journal = try SQLiteJournal.open(directory: directory, partitionCount: 4)
        let directory = directory
        let store = ContextStore(
            readers: ShardReaders { () throws(JournalError) in try SQLiteJournal.openReader(directory: directory) })
        var random = RandomHistory(seed: seed)
        var committed = 0
        for round in 0..<20 {
            for _ in 0..<25 { _ = random.step() }
            let history = random.history
            var batch = JournalBatch()
            if round == 0 {
                batch.createdConversations = (1...random.conversations).map {
                    ConversationRecord(id: ConversationID($0), subject: "chat-\($0)", partition: 0)
                }
            }
            batch.records = Array(history.records.dropFirst(committed))
            committed = history.records.count
            try journal.commit(batch)
            for conversation in 1...random.conversations {
                let context = try await store.context(
                    of: ConversationID(conversation), subject: "chat-\(conversation)",
                    through: history.head(conversation), messages: 5)
                let whole = LLMContextProjection(
                    of: history.events(conversation), options: .init(answers: .effects, keepsCanceledText: true))
                #expect(context.messages(last: 5) == whole.messages(last: 5), "seed \(seed)")
            }
        }
    }

    @Test func `A directory without a journal cannot be read, and none is made there`() throws {
        let error = #expect(throws: JournalError.self) { try SQLiteJournal.openReader(directory: directory) }
        #expect(error?.code == .cannotOpen)
        #expect(!FileManager.default.fileExists(atPath: directory))
    }
}
