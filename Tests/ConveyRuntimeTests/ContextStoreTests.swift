import JournalSupport
import Signals
import Synchronization
import Testing
import Threads

@testable import Conversation
@testable import JournalPort
@testable import JournalReading

private func store(_ reader: CountingReader, cacheBytes: Int = 1 << 20) -> ContextStore {
    ContextStore(cacheBytes: cacheBytes, readers: ShardReaders { () throws(JournalError) in reader })
}

/// Whether the reader was unused since the last call.
private func hasReadNothing(_ reader: CountingReader) -> Bool {
    let reads = reader.takeReads()
    return reads.links == 0 && reads.records == 0
}

/// The newest messages, as bytes that can be compared.
private func shown(_ context: LLMContextProjection, _ count: Int) -> String {
    String(decoding: context.messages(last: count).encode(), as: UTF8.self)
}

@Suite struct ContextStoreTests {
    @Test(arguments: 0..<24)
    func `An advanced context equals a new one and one of the whole conversation`(seed: UInt64) async throws {
        var random = RandomHistory(seed: seed)
        let reader = CountingReader()
        // The smallest keeps nothing, the second only some.
        let stores = [0, 6_000, 1 << 20].map { store(reader, cacheBytes: $0) }
        let count = [1, 3, 8][Int(seed % 3)]
        for _ in 0..<160 {
            let conversation = random.step()
            let history = random.history
            reader.update(history)
            let whole = LLMContextProjection(
                of: history.events(conversation), options: .init(answers: .effects, keepsCanceledText: true))
            for store in stores {
                let context = try await store.context(
                    of: ConversationID(conversation), subject: "chat-\(conversation)",
                    through: history.head(conversation), messages: count)
                #expect(shown(context, count) == shown(whole, count), "seed \(seed)")
            }
        }
    }

    @Test func `The records read depend on the requested messages, not on the conversation's length`()
        async throws
    {
        var history = RecordedHistory()
        for number in 0..<2_000 { history.exchange(1, "\(number)", pieces: 2) }
        let reader = CountingReader(history)
        let store = store(reader)
        _ = try await store.context(of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 6)
        // An exchange has 16 records, of which a context shows 4, and 2 messages.
        let first = reader.takeReads()
        #expect(first.links <= 32 + 64)
        #expect(first.records <= 3 * 4 + 16)

        history.exchange(1, "new", pieces: 2)
        reader.update(history)
        let context = try await store.context(
            of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 6)
        let added = reader.takeReads()
        #expect(added.links == 32)
        #expect(added.records <= 8)
        #expect(context.messages(last: 2).map(\.content) == ["qnew", "anew"])
        _ = try await store.context(of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 6)
        #expect(hasReadNothing(reader))
    }

    @Test func `A conversation without messages is not read back to its beginning`() async throws {
        var history = RecordedHistory()
        for number in 0..<30_000 { history.add(1, "\(number)", "conv.in.sensor.read") }
        let reader = CountingReader(history)
        _ = try await store(reader).context(
            of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 6)
        let reads = reader.takeReads()
        #expect(reads.links < ContextWindow.recordLimit + ConversationChain.step)
        #expect(reads.records == 0)
    }

    @Test func `Looking for a missing start does not read back to the conversation's beginning`() async throws {
        var history = RecordedHistory()
        for number in 0..<20_000 { history.generation(1, "completed", of: "\(number)", "a\(number)") }
        let reader = CountingReader(history)
        let context = try await store(reader).context(
            of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 2)
        #expect(context.messages(last: 2).map(\.content) == ["a19998", "a19999"])
        #expect(reader.takeReads().links < ContextWindow.closingLimit + ConversationChain.step)
    }

    @Test func `A message that has waited longer than the context reaches is found when it is answered`() async throws {
        var history = RecordedHistory()
        history.message(1, "early", "early")
        for number in 0..<50 { history.exchange(1, "\(number)") }
        let reader = CountingReader(history)
        let store = store(reader)
        _ = try await store.context(of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 4)
        history.generation(1, "started", of: "early")
        reader.update(history)
        let context = try await store.context(
            of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 4)
        #expect(context.messages(last: 4).map(\.content) == ["a48", "q49", "a49", "early"])
    }

    @Test func `An attempt sees what was recorded up to its start, even after a newer one has asked`()
        async throws
    {
        var history = RecordedHistory()
        history.exchange(1, "1")
        let early = history.head(1)
        history.exchange(1, "2")
        let reader = CountingReader(history)
        let store = store(reader)
        let newer = try await store.context(
            of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 10)
        let older = try await store.context(of: ConversationID(1), subject: "chat-1", through: early, messages: 10)
        #expect(newer.messages().map(\.content) == ["q1", "a1", "q2", "a2"])
        #expect(older.messages().map(\.content) == ["q1", "a1"])
        // The newer one is still kept.
        _ = reader.takeReads()
        _ = try await store.context(of: ConversationID(1), subject: "chat-1", through: history.head(1), messages: 10)
        #expect(hasReadNothing(reader))
    }

    @Test func `A chain that leads into another conversation is an error and leaks no text`() async throws {
        var history = RecordedHistory()
        history.exchange(1, "mine")
        history.exchange(2, "theirs")
        let store = store(CountingReader(history))
        let error = await #expect(throws: JournalError.self) {
            try await store.context(of: ConversationID(1), subject: "chat-1", through: history.head(2), messages: 10)
        }
        #expect(error?.code == .damaged)
    }

    @Test func `After a failed read, the journal is opened again`() async throws {
        var history = RecordedHistory()
        history.exchange(1, "1")
        let reader = CountingReader(history)
        let opened = Counter()
        let store = ContextStore(
            readers: ShardReaders { () throws(JournalError) in
                opened.add()
                return reader
            })
        reader.fail(JournalError(.inputOutput, "simulated"))
        let head = history.head(1)
        await #expect(throws: JournalError.self) {
            try await store.context(of: ConversationID(1), subject: "chat-1", through: head, messages: 2)
        }
        let context = try await store.context(of: ConversationID(1), subject: "chat-1", through: head, messages: 2)
        #expect(context.messages().count == 2)
        #expect(opened.value == 2)
    }

    @Test func `A canceled request reads nothing`() async throws {
        var history = RecordedHistory()
        history.exchange(1, "1")
        let reader = CountingReader(history)
        let store = store(reader)
        let head = history.head(1)
        let request = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.context(of: ConversationID(1), subject: "chat-1", through: head, messages: 2)
        }
        await #expect(throws: CancellationError.self) { try await request.value }
        #expect(hasReadNothing(reader))
    }

    @Test func `The contexts' thread ends with the store`() async throws {
        let heartbeats = Heartbeats()
        let reader = CountingReader()
        do {
            let store = ContextStore(
                heartbeats: heartbeats, readers: ShardReaders { () throws(JournalError) in reader })
            _ = try await store.context(of: ConversationID(1), subject: "chat-1", through: .start, messages: 1)
            #expect(heartbeats.ages.map(\.name) == ["contexts"])
        }
        #expect(heartbeats.ages.isEmpty)
    }

    @Test func `The cache keeps to its size and evicts the least recently used entry`() {
        var cache = ContextCache(bytes: 20_000)
        var history = RecordedHistory()
        history.exchange(1, "1")
        var window = ContextWindow()
        for record in history.records.reversed() {
            var signal: Signal?
            if case .signal(let read) = record.content, LLMContextProjection.shows(read.type) { signal = read }
            window.take(RecordLink(record), signal: signal)
        }
        let context = KeptContext(of: window, through: history.head(1), messages: 2)
        for number in 0..<1_000 {
            cache.put(context, for: ConversationID(Int64(number)))
            // An entry that is used again and again stays.
            if let first = cache.take(ConversationID(0)) { cache.put(first, for: ConversationID(0)) }
            #expect(cache.bytes <= 20_000)
        }
        #expect(cache.count > 5 && cache.count < 20)
        let used = cache.take(ConversationID(0))
        let newest = cache.take(ConversationID(999))
        let oldest = cache.take(ConversationID(1))
        #expect(used != nil && newest != nil && oldest == nil)
    }
}

private final class Counter: Sendable {
    private let count = Atomic(0)
    var value: Int { count.load(ordering: .sequentiallyConsistent) }
    func add() { count.add(1, ordering: .sequentiallyConsistent) }
}
