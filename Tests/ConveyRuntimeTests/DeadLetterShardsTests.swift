import Conversation
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Testing

@Suite("Dead letters of several shards") struct DeadLetterShardsTests {
    private static let signals = (0..<60).map { ("chat-\($0 % 20)", Int64(1_700_000_000_000_000 + $0)) }

    /// The dead letters of journals; shard 3 cannot be changed.
    private static func letters(_ journals: ShardedJournals) -> DeadLetterShards {
        DeadLetterShards(count: { journals.layout.shards }) { read in
            do throws(JournalError) {
                return .success(try journals.executor().deadLetters(read))
            } catch {
                return .failure(error)
            }
        } move: { shard, move in
            if shard == 3 { return .failure(JournalError(.busy, "another program")) }
            return .success(move.positions.map { DeadLetterOutcome(position: $0, status: .redriven) })
        }
    }

    private static func places(_ page: DeadLetterPage) -> [String] {
        page.letters.map { $0.place.text(shards: 4) }
    }

    @Test(arguments: 1...8) func `Pages of any size give every letter once, by shard and position`(_ limit: Int)
        async throws
    {
        let letters = Self.letters(ShardedJournals(shards: 4, Self.signals))
        let whole = try await letters.list(after: .start, limit: 1_000).letters
        #expect(whole.count == Self.signals.count / 5)
        #expect(Set(whole.map(\.shard)).count > 1)
        let order = whole.map { [Int64($0.shard), $0.value.letter.position.rawValue] }
        #expect(order == order.sorted { $0.lexicographicallyPrecedes($1) })
        var seen: [String] = []
        var after = ShardPosition.start
        while true {
            let page = try await letters.list(after: after, limit: limit)
            seen += Self.places(page)
            guard page.letters.count == limit, let last = page.letters.last else { break }
            after = last.place
        }
        #expect(seen == whole.map { $0.place.text(shards: 4) })
    }

    @Test func `A letter is shown by its position`() async throws {
        let letters = Self.letters(ShardedJournals(shards: 4, Self.signals))
        for letter in try await letters.list(after: .start, limit: 1_000).letters {
            #expect(try await letters.show(letter.place)?.value == letter.value)
            let next = ShardPosition(shard: letter.shard, position: Position(1_000))
            #expect(try await letters.show(next) == nil)
        }
    }

    @Test func `An unreadable shard is missing from the list, and the list says so`() async throws {
        var journals = ShardedJournals(shards: 4, Self.signals)
        let whole = try await Self.letters(journals).list(after: .start, limit: 1_000)
        #expect(whole.unreadable.isEmpty)
        for shard in 0..<4 {
            journals.closed = [shard]
            let letters = Self.letters(journals)
            let page = try await letters.list(after: .start, limit: 1_000)
            #expect(page.unreadable == [shard])
            #expect(Self.places(page) == Self.places(whole).filter { !$0.hasPrefix("\(shard).") })
            await #expect(throws: JournalError.self) {
                try await letters.show(ShardPosition(shard: shard, position: Position(1)))
            }
        }
    }

    @Test func `A shard whose journal fails during the list is missing from it, and is asked again next time`() throws {
        var journals = ShardedJournals(shards: 4, Self.signals)
        journals.listReads[2] = 0
        var told: [Int] = []
        let executor = ShardedQueryExecutor(journals.readers) { shard, _ in told.append(shard) }
        for _ in 1...2 {
            #expect(try executor.deadLetters(.list(.open, after: .start, limit: 1_000)).unreadable == [2])
        }
        #expect(told == [2])
        // A page that does not need the shard does not mention it, and the shard is not reported again after that.
        let behind = try executor.deadLetters(
            .list(.open, after: ShardPosition(shard: 3, position: .start), limit: 1_000))
        #expect(behind.unreadable == [])
        #expect(try executor.deadLetters(.list(.open, after: .start, limit: 1_000)).unreadable == [2])
        #expect(told == [2])
    }

    @Test func `The list fails when no shard can be read`() async throws {
        var journals = ShardedJournals(shards: 4, Self.signals)
        journals.closed = [0, 1, 2, 3]
        let none = Self.letters(journals)
        await #expect(throws: JournalError.self) { try await none.list(after: .start, limit: 10) }
        journals = ShardedJournals(shards: 1, Self.signals)
        journals.closed = [0]
        let one = Self.letters(journals)
        await #expect(throws: JournalError.self) { try await one.list(after: .start, limit: 10) }
    }

    @Test func `Each shard is asked once about all of its positions`() async throws {
        let places = ["2.5", "0.1", "2.4"].compactMap { ShardPosition($0, shards: 4) }
        let outcomes = try await Self.letters(ShardedJournals(shards: 4, [])).move(.redrive, places)
        let moved = outcomes.map { ShardPosition(shard: $0.shard, position: $0.value.position).text(shards: 4) }
        #expect(moved == ["0.1", "2.5", "2.4"])
    }

    @Test func `A shard that fails is an error`() async throws {
        let places = ["3.1", "0.1"].compactMap { ShardPosition($0, shards: 4) }
        let letters = Self.letters(ShardedJournals(shards: 4, []))
        await #expect(throws: JournalError.self) { try await letters.move(.discard, places) }
    }

    @Test func `JSON names the shard only where there are several, and unreadable shards only where there are any`()
        async throws
    {
        var page = try await Self.letters(ShardedJournals(shards: 1, Self.signals)).list(after: .start, limit: 1)
        let letter = try #require(page.letters.first?.value)
        let one = String(decoding: DeadLetterJSON.letter(Sharded(shard: 0, letter), shards: 1), as: UTF8.self)
        let several = String(decoding: DeadLetterJSON.letter(Sharded(shard: 2, letter), shards: 4), as: UTF8.self)
        #expect(one.hasPrefix(#"{"position":2,"#))
        #expect(several.hasPrefix(#"{"shard":2,"position":2,"#))
        #expect(try JSONValue(DeadLetterJSON.list(page, shards: 1))["unreadable_shards"] == nil)
        page.unreadable = [1, 3]
        #expect(try JSONValue(DeadLetterJSON.list(page, shards: 4))["unreadable_shards"]?.description == "[1,3]")
    }
}
