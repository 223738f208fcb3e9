/// The slots for attempts of one class, shared by the shards of a process. A pure value.
///
/// A shard takes slots for the duration of a transaction: those that its attempts use, and some for attempts that the
/// transaction may start. Afterwards it keeps the ones in use and returns the others. While other shards wait, a shard
/// with more than its fair share starts nothing, so the slots that its attempts free go to the waiting shards, one
/// after another.
struct PlacePool {
    let limit: Int
    /// Slots that each shard's attempts use, or may use in the current transaction.
    private var held: [Int]
    /// Shards with effects that found no slot, longest-waiting first.
    private var line: [Int] = []

    init(limit: Int, shards: Int) {
        self.limit = limit
        held = Array(repeating: 0, count: shards)
    }

    private var free: Int { max(0, limit - held.reduce(0, +)) }

    /// A shard begins a transaction.
    /// - Parameters:
    ///   - running: number of its running attempts.
    ///   - queued: number of its effects that wait for a slot.
    /// - Returns: the maximum number of running attempts.
    mutating func begin(_ shard: Int, running: Int, queued: Int) -> Int {
        held[shard] = running
        let extra = extra(for: shard, running: running, queued: queued)
        // It has been served, or yields to others: either way it now waits behind them.
        if extra != 0 { line.removeAll { $0 == shard } }
        held[shard] = running + max(0, extra)
        return running + extra
    }

    /// Slots that a shard may use beyond those in use; negative if it must not reuse slots that become free.
    private func extra(for shard: Int, running: Int, queued: Int) -> Int {
        let free = free
        guard line.contains(where: { $0 != shard }) else {
            // No shard waits: what it requests, and something for effects that the transaction orders.
            return min(free, max(queued, (free + held.count - 1) / held.count))
        }
        let contenders = held.indices.count { held[$0] > 0 || line.contains($0) || $0 == shard && queued > 0 }
        let fair = limit / max(1, contenders)
        let available = max(0, free - (order.firstIndex(of: shard) ?? order.count))
        if running < fair { return min(available, fair - running) }
        // Slots that cannot be divided evenly are given in rotation.
        return available > 0 && hasFewest(shard) ? 1 : fair - running
    }

    /// The waiting shards: those with the fewest slots first, then by waiting time.
    private var order: [Int] {
        line.enumerated().sorted { (held[$0.element], $0.offset) < (held[$1.element], $1.offset) }.map(\.element)
    }

    /// Whether no waiting shard has fewer slots.
    private func hasFewest(_ shard: Int) -> Bool { !line.contains { held[$0] < held[shard] } }

    /// A shard's transaction is over.
    /// - Returns: the shards that should begin a transaction, because there are slots for them.
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
        // Only those to which `begin` would grant a slot.
        return order.prefix(free).filter { line.count == 1 || held[$0] < fair || hasFewest($0) }
    }
}
