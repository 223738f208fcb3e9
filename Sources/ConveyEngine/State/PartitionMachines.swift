import Conversation
import JournalPort

/// The machines of a shard's partitions, by the partition's number among all shards' partitions.
struct PartitionMachines {
    let places: ShardPartitions
    private var machines: [PartitionMachine]
    /// Signals that are recorded but not applied, in all partitions.
    private(set) var queueDepth = 0
    /// The number of these whose time-out for their cause is running.
    private(set) var parkedCount = 0

    init(_ places: ShardPartitions, order: Scheduler.Order, fairnessThreshold: Int) {
        self.places = places
        machines = (0..<places.count).map {
            PartitionMachine(
                partition: places.partition(at: $0), order: order, fairnessThreshold: fairnessThreshold)
        }
    }

    /// The partition must belong to the shard.
    subscript(partition: Int) -> PartitionMachine {
        _read { yield machines[places.place(of: partition)] }
        _modify {
            let place = places.place(of: partition)
            queueDepth -= machines[place].queueDepth
            parkedCount -= machines[place].parkedCount
            defer {
                queueDepth += machines[place].queueDepth
                parkedCount += machines[place].parkedCount
            }
            yield &machines[place]
        }
    }

    /// The partitions' numbers, ascending.
    var numbers: some Sequence<Int> { machines.lazy.map(\.partition) }
    var depths: [(queued: Int, parked: Int)] { machines.map { ($0.queueDepth, $0.parkedCount) } }

    /// Each partition's newest apply order; 0 for those of other shards.
    var applyOrders: [Int64] {
        var orders: [Int64] = Array(repeating: 0, count: places.total)
        for machine in machines { orders[machine.partition] = machine.applyOrder }
        return orders
    }
}
