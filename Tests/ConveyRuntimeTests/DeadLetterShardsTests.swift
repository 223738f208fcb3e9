import Conversation
import JournalPort
import Signals
import Testing

@Suite("Dead letters of several shards") struct DeadLetterShardsTests {
    /// Shards with letters at positions 1 to `counts[shard]`; shard 3 cannot be changed.
    private static func letters(_ counts: [Int64]) -> DeadLetterShards {
        DeadLetterShards(count: { counts.count }) { shard, read in
            switch read {
            case .list(let after, let limit):
                let positions = (1...max(1, counts[shard])).filter { $0 > after.rawValue && $0 <= counts[shard] }
                return .success(positions.prefix(limit).compactMap(Self.letter))
            case .show(let position):
                return .success([letter(position.rawValue)].compactMap(\.self))
            }
        } move: { shard, move in
            if shard == 3 { return .failure(JournalError(.busy, "another program")) }
            return .success(move.positions.map { DeadLetterOutcome(position: $0, status: .redriven) })
        }
    }

    private static func letter(_ position: Int64) -> DeadLetterDetails? {
        let signal = Signal(id: "s\(position)", source: "/t", type: "conv.in.note.taken", subject: "c", data: [])
        let record = JournalRecord(
            position: Position(position), conversation: ConversationID(1), previous: .start, offset: 1, sequence: 1,
            recordedAt: 1, content: .signal(signal))
        return DeadLetterDetails(
            DeadLetter(position: Position(position), conversation: ConversationID(1), reason: .causeTimeout, at: 1),
            record)
    }

    @Test(arguments: 1...8) func `Pages of any size give every letter once, by shard and position`(_ limit: Int)
        async throws
    {
        let letters = Self.letters([3, 0, 2])
        var seen: [String] = []
        var after = ShardPosition.start
        while true {
            let page = try await letters.list(after: after, limit: limit)
            let places = page.map { ShardPosition(shard: $0.shard, position: $0.value.letter.position) }
            seen += places.map { $0.text(shards: 3) }
            guard page.count == limit, let last = places.last else { break }
            after = last
        }
        #expect(seen == ["0.1", "0.2", "0.3", "2.1", "2.2"])
    }

    @Test func `Each shard is asked once about all of its positions`() async throws {
        let places = ["2.5", "0.1", "2.4"].compactMap { ShardPosition($0, shards: 3) }
        let outcomes = try await Self.letters([3, 3, 3]).move(.redrive, places)
        let moved = outcomes.map { ShardPosition(shard: $0.shard, position: $0.value.position).text(shards: 3) }
        #expect(moved == ["0.1", "2.5", "2.4"])
    }

    @Test func `A shard that fails is an error`() async throws {
        let places = ["3.1", "0.1"].compactMap { ShardPosition($0, shards: 4) }
        await #expect(throws: JournalError.self) { try await Self.letters([1, 1, 1, 1]).move(.discard, places) }
    }

    @Test func `JSON names the shard only where there are several`() async throws {
        let letter = try #require(Self.letter(7))
        let one = String(decoding: DeadLetterJSON.letter(Sharded(shard: 0, letter), shards: 1), as: UTF8.self)
        let several = String(decoding: DeadLetterJSON.letter(Sharded(shard: 2, letter), shards: 4), as: UTF8.self)
        #expect(one.hasPrefix(#"{"position":7,"#))
        #expect(several.hasPrefix(#"{"shard":2,"position":7,"#))
    }
}
