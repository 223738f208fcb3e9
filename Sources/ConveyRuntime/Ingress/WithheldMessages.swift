/// Messages of the current connection that were read but not acknowledged, because their shards have failed. The broker
/// keeps them; here they are only counted.
struct WithheldMessages {
    /// Beyond it ingress pauses: a broker counts them as in flight and sends ever fewer others, and mosquitto searches
    /// its list of messages in flight for each acknowledgement. A broker must allow as many (mosquitto:
    /// `max_inflight_messages`).
    static let limit = 5_000

    private var counts: [Int: Int] = [:]
    private(set) var total = 0

    /// Shards for which messages are withheld.
    var shards: Set<Int> { Set(counts.keys) }

    mutating func add(_ shard: Int) {
        counts[shard, default: 0] += 1
        total += 1
    }

    /// Why ingress cannot continue; nil while it can.
    var overflow: String? {
        guard total >= Self.limit else { return nil }
        let names = counts.keys.sorted().map(String.init).joined(separator: ", ")
        return "\(total) messages wait for failed shards (\(names)); no more can be left unacknowledged"
    }
}
