import Conversation
import Signals

/// A position in one of several shards, each of which has its own numbering. Written `SHARD.POSITION`, as in `2.1834`,
/// and as the plain position if there is only one shard.
package struct ShardPosition: Hashable, Sendable {
    package var shard: Int
    package var position: Position

    /// Before the first record of the first shard.
    package static let start = ShardPosition(shard: 0, position: .start)

    package init(shard: Int, position: Position) {
        self.shard = shard
        self.position = position
    }

    /// Reads a position as `text(shards:)` writes it; nil for anything else, and for a shard that does not exist.
    package init?(_ text: some StringProtocol, shards: Int) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == (shards == 1 ? 1 : 2), let last = parts.last.flatMap({ Self.number($0) }),
            let shard = parts.count == 1 ? 0 : Self.number(parts[0]), shard < shards
        else { return nil }
        self.init(shard: Int(shard), position: Position(last))
    }

    package func text(shards: Int) -> String {
        shards == 1 ? "\(position)" : "\(shard).\(position)"
    }

    private static func number(_ text: some StringProtocol) -> Int64? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(text) : nil
    }
}
