import Conversation
import JournalPort
import JournalReading
import JournalSupport
import Signals

/// The same signals, recorded in a journal with one shard or with several.
struct ShardedJournals: Sendable {
    static let partitions = 16

    let layout: JournalLayout
    private let records: [[JournalRecord]]
    private let conversations: [[ConversationRecord]]
    private let effects: [[OpenEffect]]
    private let deadLetters: [[DeadLetter]]
    /// Shards that cannot be opened.
    var closed: Set<Int> = []
    /// The number of list reads that succeed, by shard; unlimited for shards not listed.
    var listReads: [Int: Int] = [:]

    /// - Parameter signals: subjects and times, in the order of recording. Every third orders an effect, every fifth is
    ///   a dead letter.
    init(shards: Int, _ signals: [(subject: String, at: Int64)]) {
        layout = JournalLayout(partitions: Self.partitions, shards: shards)
        var records = Array(repeating: [JournalRecord](), count: shards)
        var conversations = Array(repeating: [String: ConversationRecord](), count: shards)
        var effects = Array(repeating: [OpenEffect](), count: shards)
        var deadLetters = Array(repeating: [DeadLetter](), count: shards)
        for (index, signal) in signals.enumerated() {
            let partition = StableHash.partition(of: signal.subject, count: Self.partitions)
            let shard = layout.shard(ofPartition: partition)
            let position = Position(Int64(records[shard].count) + 1)
            let id = ConversationID(Int64(conversations[shard].count) + 1)
            var conversation =
                conversations[shard][signal.subject]
                ?? ConversationRecord(id: id, subject: signal.subject, partition: partition)
            let place = conversation.advance(to: position, family: .inbound)
            conversations[shard][signal.subject] = conversation
            let content = Signal(
                id: "s\(index)", source: "/test", type: "conv.in.message.received", subject: signal.subject,
                data: Array(#"{"content":"text \#(index)"}"#.utf8))
            records[shard].append(
                JournalRecord(
                    position: position, conversation: conversation.id, previous: place.previous, offset: place.offset,
                    sequence: place.sequence, recordedAt: signal.at, content: .signal(content)))
            if index % 5 == 1 {
                deadLetters[shard].append(
                    DeadLetter(
                        position: position, conversation: conversation.id, reason: .causeTimeout, at: signal.at))
            }
            guard index % 3 == 0 else { continue }
            effects[shard].append(
                OpenEffect(
                    key: EffectKey(cause: position, ordinal: 0), conversation: conversation.id,
                    subject: signal.subject, effectClass: .llm, kind: "generation",
                    effectID: "llm-generation-s\(index)",
                    causeID: "s\(index)"))
        }
        self.records = records
        self.conversations = conversations.map { $0.values.sorted { $0.id.rawValue < $1.id.rawValue } }
        self.effects = effects
        self.deadLetters = deadLetters
    }

    func journal(_ shard: Int) throws(JournalError) -> CountingJournal {
        if closed.contains(shard) { throw JournalError(.cannotOpen, "shard \(shard) is closed") }
        let journal = CountingJournal(
            SimulatedDisk(partitionCount: Self.partitions, shard: shard, of: layout.shards))
        if let reads = listReads[shard] { journal.listReads = reads }
        var batch = JournalBatch()
        batch.records = records[shard]
        batch.createdConversations = conversations[shard]
        batch.openedEffects = effects[shard]
        batch.deadLetters = deadLetters[shard]
        try journal.journal.commit(batch)
        return journal
    }

    var readers: ShardReaders {
        let journals = self
        return ShardReaders { () throws(JournalError) in
            journals.layout
        } open: { shard throws(JournalError) in
            try journals.journal(shard)
        }
    }

    func executor(_ limits: QueryLimits = QueryLimits()) -> ShardedQueryExecutor {
        ShardedQueryExecutor(readers, limits: limits)
    }
}
