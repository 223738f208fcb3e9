import JournalPort
import Signals
import Testing

@Suite("Positions among shards") struct ShardPositionTests {
    @Test func `With one shard a position is a plain number`() {
        let place = ShardPosition(shard: 0, position: Position(17))
        #expect(place.text(shards: 1) == "17")
        #expect(ShardPosition("17", shards: 1) == place)
        #expect(ShardPosition("0.17", shards: 1) == nil)
    }

    @Test func `With several shards a position names its shard`() {
        let place = ShardPosition(shard: 2, position: Position(1_834))
        #expect(place.text(shards: 4) == "2.1834")
        #expect(ShardPosition("2.1834", shards: 4) == place)
        #expect(ShardPosition("1834", shards: 4) == nil)
        #expect(ShardPosition("2.1834", shards: 2) == nil)
    }

    @Test(arguments: ["", ".", "1.", ".1", "-1", "+1", "1.2.3", "1.-2", "a", "1 ", "٣", "99999999999999999999"])
    func `Anything else is not a position`(_ text: String) {
        #expect(ShardPosition(text, shards: 1) == nil)
        #expect(ShardPosition(text, shards: 4) == nil)
    }

    @Test func `Every partition belongs to exactly one shard`() {
        let layout = JournalLayout(partitions: 64, shards: 6)
        let shards = (0..<64).map(layout.shard(ofPartition:))
        #expect(Set(shards) == Set(0..<6))
        let counts = Dictionary(grouping: shards) { $0 }.mapValues(\.count).values
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }
}
