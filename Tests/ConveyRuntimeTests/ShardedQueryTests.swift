import Conversation
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Testing

@Suite("Queries over several shards") struct ShardedQueryTests {
    /// Signals of some conversations at random, each at a time of its own.
    private static func signals(_ random: inout SeededRandom, count: Int = 120) -> [(subject: String, at: Int64)] {
        (0..<count).map { index in
            let number = random.int(0...39)
            let name = number % 4 == 0 ? "Support/\(number)" : "chat-\(number)"
            return (name, Int64(1_700_000_000_000_000 + index * 1_000_000))
        }
    }

    private static func elements(_ answer: QueryAnswer) throws -> [String] {
        let json = try JSONValue(answer.body)
        return (json["conversations"] ?? json["effects"])?.array?.map(\.description) ?? []
    }

    private static func cursor(_ answer: QueryAnswer) throws -> String? {
        try JSONValue(answer.body)["next"]?["cursor"]?.string
    }

    /// All pages, one after the other.
    private static func pages(_ request: QueryRequest, _ executor: ShardedQueryExecutor) throws -> [[String]] {
        var request = request
        var pages: [[String]] = []
        while pages.count < 1_000 {
            let answer = try executor.answer(request)
            pages.append(try elements(answer))
            guard let next = try cursor(answer) else { return pages }
            request.cursor = next
        }
        return pages
    }

    private static func lists(_ random: inout SeededRandom) -> [QueryRequest] {
        var requests: [QueryRequest] = []
        for order in [QueryRequest.Order.subject, .recent] {
            for (prefix, contains) in [("", ""), ("chat-1", ""), ("", "SUPPORT")] {
                var request = QueryRequest(.conversations)
                request.order = order
                request.prefix = prefix
                request.contains = contains
                if order == .recent, random.oneIn(3) { request.since = 1_700_000_000_000_000 + 60_000_000 }
                requests.append(request)
            }
        }
        requests.append(QueryRequest(.effects))
        for index in requests.indices { requests[index].limit = random.int(1...15) }
        return requests
    }

    @Test(arguments: UInt64(1)...8)
    func `Lists are the same, page by page, whatever the number of shards`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let signals = Self.signals(&random)
        let one = ShardedJournals(shards: 1, signals).executor()
        for shards in [2, 4, 7] {
            let several = ShardedJournals(shards: shards, signals).executor()
            for request in Self.lists(&random) {
                let expected = try Self.pages(request, one)
                let found = try Self.pages(request, several)
                #expect(found.joined().elementsEqual(expected.joined()), "seed \(seed), \(shards) shards: \(request)")
                #expect(found.first == expected.first)
            }
        }
    }

    @Test(arguments: UInt64(1)...4)
    func `Lists are complete, even if one question may read little`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let signals = Self.signals(&random)
        var limits = QueryLimits()
        limits.scanLimit = 10
        limits.subjectStep = 2
        limits.subjectScanLimit = 8
        limits.sortLimit = 3
        let several = ShardedJournals(shards: 4, signals).executor(limits)
        let one = ShardedJournals(shards: 1, signals).executor()
        for request in Self.lists(&random) {
            let expected = try Self.pages(request, one).joined().sorted()
            #expect(try Self.pages(request, several).joined().sorted() == expected, "seed \(seed): \(request)")
        }
    }

    @Test func `A view of a conversation is the same whatever the number of shards`() throws {
        var random = SeededRandom(seed: 1)
        let signals = Self.signals(&random)
        let one = ShardedJournals(shards: 1, signals).executor()
        let several = ShardedJournals(shards: 4, signals).executor()
        for subject in Set(signals.map(\.subject)) {
            for view in [QueryView.timeline, .context, .events, .state] {
                let request = QueryRequest(view, subject: subject)
                #expect(try one.answer(request).body == several.answer(request).body)
            }
        }
    }

    @Test func `A shard that cannot be opened is missing from lists, which say so, and only its conversations fail`()
        throws
    {
        var random = SeededRandom(seed: 1)
        let signals = Self.signals(&random)
        var journals = ShardedJournals(shards: 4, signals)
        journals.closed = [2]
        var told: [Int] = []
        let executor = ShardedQueryExecutor(journals.readers) { shard, _ in told.append(shard) }
        for request in Self.lists(&random) {
            let answer = try executor.answer(request)
            #expect(try JSONValue(answer.body)["unreadable_shards"]?.description == "[2]")
            #expect(try !Self.elements(answer).isEmpty)
        }
        #expect(told == [2])
        for subject in Set(signals.map(\.subject)) {
            let request = QueryRequest(.timeline, subject: subject)
            if journals.layout.shard(of: subject) == 2 {
                #expect(throws: JournalError.self) { try executor.answer(request) }
            } else {
                #expect(try executor.answer(request).status == 200)
            }
        }
        journals.closed = [0, 1, 2, 3]
        let none = journals.executor()
        #expect(throws: JournalError.self) { try none.answer(QueryRequest(.effects)) }
    }

    @Test(arguments: 0...3)
    func `A shard that fails during a list is left out of it`(_ reads: Int) throws {
        var random = SeededRandom(seed: 1)
        var journals = ShardedJournals(shards: 4, Self.signals(&random))
        journals.listReads[1] = reads
        var request = QueryRequest(.conversations)
        request.order = .recent
        request.limit = 100
        let answer = try journals.executor().answer(request)
        // Three reads are enough: the newest record, all records, and a check that none come before.
        guard reads < 3 else {
            #expect(try JSONValue(answer.body)["unreadable_shards"] == nil)
            return
        }
        #expect(try JSONValue(answer.body)["unreadable_shards"]?.description == "[1]")
        journals.listReads[1] = 0
        #expect(try Self.elements(answer) == Self.elements(journals.executor().answer(request)))
    }

    @Test func `A shard that is back is listed from where the cursor stopped`() throws {
        var random = SeededRandom(seed: 3)
        let signals = Self.signals(&random)
        let whole = ShardedJournals(shards: 4, signals)
        var damaged = whole
        damaged.closed = [1]
        for var request in Self.lists(&random) where request.order == .recent || request.view == .effects {
            request.limit = 3
            let first = try damaged.executor().answer(request)
            guard let cursor = try Self.cursor(first) else { continue }
            request.cursor = cursor
            let rest = try Self.pages(request, whole.executor()).joined()
            request.cursor = nil
            let all = try Self.pages(request, whole.executor()).joined()
            #expect(Set(try Self.elements(first) + rest) == Set(all))
            #expect(try Self.elements(first).count + rest.count == all.count)
        }
    }

    @Test(arguments: ["1.2.3", "1.2.3.4.5", "5", "1.x.2.3", "..."])
    func `A cursor of another number of shards is refused`(_ cursor: String) throws {
        var random = SeededRandom(seed: 1)
        let executor = ShardedJournals(shards: 4, Self.signals(&random)).executor()
        var request = QueryRequest(.conversations)
        request.order = .recent
        request.cursor = cursor
        #expect(try executor.answer(request).status == (cursor == "..." ? 200 : 400))
        request = QueryRequest(.effects)
        request.cursor = cursor
        #expect(try executor.answer(request).status == (cursor == "..." ? 200 : 400))
    }
}
