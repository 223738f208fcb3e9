/// The places for attempts of one class, which the shards of a process share. A pure value.
///
/// A shard takes places for the length of a transaction: those that its attempts use, and some for what the transaction may
/// start. When the transaction is over it keeps the ones in use and gives the others back. While others wait, a shard that has more
/// than its fair share starts nothing, so the places that its attempts leave go to those who wait, one after another.
struct PlacePool {
    let limit: Int
    /// Places that each shard's attempts use, or may use in the transaction at hand.
    private var held: [Int]
    /// Shards with effects that found no place, the one that has waited longest first.
    private var line: [Int] = []

    init(limit: Int, shards: Int) {
        self.limit = limit
        held = Array(repeating: 0, count: shards)
    }

    private var free: Int { max(0, limit - held.reduce(0, +)) }

    /// A shard begins a transaction.
    /// - Parameters:
    ///   - running: its attempts that run.
    ///   - queued: its effects that wait for a place.
    /// - Returns: how many attempts it may have running.
    mutating func begin(_ shard: Int, running: Int, queued: Int) -> Int {
        held[shard] = running
        let extra = extra(for: shard, running: running, queued: queued)
        // It has had its turn, or gives way to others: either way it waits behind them from now on.
        if extra != 0 { line.removeAll { $0 == shard } }
        held[shard] = running + max(0, extra)
        return running + extra
    }

    /// Places that a shard may use beyond those in use; negative where it must not refill what becomes free.
    private func extra(for shard: Int, running: Int, queued: Int) -> Int {
        let free = free
        guard line.contains(where: { $0 != shard }) else {
            // Nobody waits: what it wants, and something for what the transaction brings.
            return min(free, max(queued, (free + held.count - 1) / held.count))
        }
        let contenders = held.indices.count { held[$0] > 0 || line.contains($0) || $0 == shard && queued > 0 }
        let fair = limit / max(1, contenders)
        let available = max(0, free - (order.firstIndex(of: shard) ?? order.count))
        if running < fair { return min(available, fair - running) }
        // Places that cannot be divided go around.
        return available > 0 && hasFewest(shard) ? 1 : fair - running
    }

    /// Who waits: those with the fewest places first, then those that have waited longest.
    private var order: [Int] {
        line.enumerated().sorted { (held[$0.element], $0.offset) < (held[$1.element], $1.offset) }.map(\.element)
    }

    /// Whether nobody who waits has fewer places.
    private func hasFewest(_ shard: Int) -> Bool { !line.contains { held[$0] < held[shard] } }

    /// A shard's transaction is over.
    /// - Returns: the shards that should begin one, because there are places for them.
    mutating func settle(_ shard: Int, running: Int, queued: Int) -> [Int] {
        held[shard] = running
        if queued == 0 {
            line.removeAll { $0 == shard }
        } else if !line.contains(shard) {
            line.append(shard)
        }
        guard free > 0, !line.isEmpty else { return [] }
        let contenders = held.indices.count { held[$0] > 0 || line.contains($0) }
        let fair = limit / max(1, contenders)
        // Only those that `begin` would grant something.
        return order.prefix(free).filter { line.count == 1 || held[$0] < fair || hasFewest($0) }
    }
}
