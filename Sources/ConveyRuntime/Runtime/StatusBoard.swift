import JournalPort
import Observability
import Synchronization

/// The newest status and numbers, written by the runtime's threads and read by HTTP.
final class StatusBoard: Sendable {
    struct Contents {
        var status = RuntimeStatus.starting
        var shards: [ShardContents] = []
        var ingress = MetricsSnapshot()
        /// Counted before there were shards.
        var opening = MetricsSnapshot()
        var verification = MetricsSnapshot()
    }

    struct ShardContents {
        var status: ShardStatus
        /// Its recovery is complete, or stuck for now.
        var isSettled = false
        var setAside: [SetAsideConversation] = []
        var outbox = RuntimeStatus.Outbox.starting
        var engine = MetricsSnapshot()
        var published = MetricsSnapshot()
    }

    let contents = Mutex(Contents())

    var status: RuntimeStatus {
        contents.withLock { contents in
            var status = contents.status
            status.shards = contents.shards.map(\.status)
            guard let first = contents.shards.first else { return status }
            // With several shards readiness depends on each of them.
            status.journal = contents.shards.count == 1 || first.status.isStandby ? first.status.state : .open
            status.recovery = contents.shards.allSatisfy(\.isSettled) ? .done : .running
            status.setAside = contents.shards.flatMap(\.setAside)
            status.outbox = Self.worst(contents.shards.filter { !$0.status.isFailed }.map(\.outbox)) ?? first.outbox
            return status
        }
    }

    /// The numbers of all threads together.
    var metrics: MetricsSnapshot {
        contents.withLock { contents in
            var sum = contents.opening
            for shard in contents.shards {
                sum.add(shard.engine)
                sum.add(shard.published)
            }
            sum.gauges.partitions = Self.partitions(of: contents.shards)
            sum.add(contents.ingress)
            sum.add(contents.verification)
            return sum
        }
    }

    /// The waiting signals of every partition, by partition number: partition `p` belongs to shard `p % count`.
    private static func partitions(of shards: [ShardContents]) -> [MetricsSnapshot.PartitionDepth] {
        guard shards.count > 1 else { return shards.first?.engine.gauges.partitions ?? [] }
        let nothing = MetricsSnapshot.PartitionDepth(queued: 0, parked: 0)
        let most = shards.map(\.engine.gauges.partitions.count).max() ?? 0
        var all: [MetricsSnapshot.PartitionDepth] = []
        for place in 0..<most {
            for shard in shards {
                let own = shard.engine.gauges.partitions
                // The last row may be shorter; a shard that was never open has reported nothing.
                if place < own.count { all.append(own[place]) } else if own.isEmpty { all.append(nothing) }
            }
        }
        return all
    }

    /// The state that matters most to an operator: all outboxes use the same broker.
    private static func worst(_ outboxes: [RuntimeStatus.Outbox]) -> RuntimeStatus.Outbox? {
        func rank(_ outbox: RuntimeStatus.Outbox) -> Int {
            switch outbox {
            case .publishing: 0
            case .silent: 1
            case .connecting: 2
            case .starting: 3
            }
        }
        return outboxes.max { rank($0) < rank($1) }
    }

    /// Makes room for the shards, once their number is known.
    func host(shards count: Int) -> [ShardBoard] {
        contents.withLock { contents in
            contents.shards = (0..<count).map { ShardContents(status: ShardStatus(index: $0)) }
        }
        return (0..<count).map { ShardBoard(board: self, index: $0) }
    }

    /// The journal as a whole, while the number of shards is not known.
    func setJournal(_ journal: RuntimeStatus.Journal) { contents.withLock { $0.status.journal = journal } }

    func setBroker(_ broker: RuntimeStatus.Broker) { contents.withLock { $0.status.broker = broker } }

    /// A stop is final.
    func setIngress(_ ingress: RuntimeStatus.Ingress) {
        contents.withLock { contents in
            guard contents.status.ingress != .stopped else { return }
            contents.status.ingress = ingress
            if case .paused = ingress { contents.ingress.counters.ingressPauses += 1 }
        }
    }

    /// Changes the numbers that are counted before there are shards.
    func countOpening(_ change: (inout MetricsSnapshot) -> Void) { contents.withLock { change(&$0.opening) } }

    /// Changes the numbers that ingress counts.
    func countIngress(_ change: (inout MetricsSnapshot) -> Void) { contents.withLock { change(&$0.ingress) } }

    /// A difference stays: one sound conversation proves nothing about another.
    func setVerification(_ verification: RuntimeStatus.Verification) {
        contents.withLock { contents in
            if case .difference = contents.status.verification, verification == .sound { return }
            contents.status.verification = verification
        }
    }

    /// Changes the numbers that the background verification counts.
    func countVerification(_ change: (inout MetricsSnapshot) -> Void) {
        contents.withLock { change(&$0.verification) }
    }
}

extension ShardStatus {
    var isStandby: Bool {
        if case .standby = state { return true }
        return false
    }

    var isFailed: Bool {
        if case .failed = state { return true }
        return false
    }
}
