import ConveyEngine
import EffectPort
import Synchronization

/// Grants slots for attempts to the engines of a process, so that `effects.CLASS.max_concurrent` holds for all shards
/// together. Engines stay deterministic: the granted slots are an input of their transactions.
final class EffectPlaces: Sendable {
    private struct Pools {
        var llm: PlacePool
        var tool: PlacePool
    }

    private let pools: Mutex<Pools>
    private let wake: @Sendable (_ shard: Int) -> Void

    /// - Parameter wake: called when a shard that waits for slots should begin a transaction.
    init(settings: EffectSettings, shards: Int, wake: @escaping @Sendable (_ shard: Int) -> Void) {
        pools = Mutex(
            Pools(
                llm: PlacePool(limit: settings.llm.maxConcurrent, shards: shards),
                tool: PlacePool(limit: settings.tool.maxConcurrent, shards: shards)))
        self.wake = wake
    }

    /// A shard begins a transaction.
    /// - Parameter use: as of its last transaction.
    func begin(_ shard: Int, _ use: PlaceUse) -> PlaceLimits {
        pools.withLock { pools in
            PlaceLimits(
                llm: pools.llm.begin(shard, running: use.llm.running, queued: use.llm.queued),
                tool: pools.tool.begin(shard, running: use.tool.running, queued: use.tool.queued))
        }
    }

    /// A shard's transaction is over, or has failed and uses no slots.
    func settle(_ shard: Int, _ use: PlaceUse) {
        let waiting = pools.withLock { pools in
            Set(pools.llm.settle(shard, running: use.llm.running, queued: use.llm.queued))
                .union(pools.tool.settle(shard, running: use.tool.running, queued: use.tool.queued))
        }
        for shard in waiting { wake(shard) }
    }
}
