/// Messages that were read over the connection at hand and are not acknowledged, because their shards have failed. The broker has
/// them; here they are only counted.
struct WithheldMessages {
    /// Beyond it ingress pauses: a broker counts them as on their way and sends ever fewer others. mosquitto searches its list of
    /// messages on their way for each acknowledgement, too. A broker has to allow as many (mosquitto: `max_inflight_messages`).
    static let limit = 5_000

    private var counts: [Int: Int] = [:]
    private(set) var total = 0

    /// Shards that messages are withheld from.
    var shards: Set<Int> { Set(counts.keys) }

    mutating func add(_ shard: Int) {
        counts[shard, default: 0] += 1
        total += 1
    }

    /// Why ingress cannot go on; nil while it can.
    var overflow: String? {
        guard total >= Self.limit else { return nil }
        let names = counts.keys.sorted().map(String.init).joined(separator: ", ")
        return "\(total) messages wait for failed shards (\(names)); no more can be left unacknowledged"
    }
}
