import JournalPort
import Observability
import Synchronization

/// The newest status and numbers, written by the runtime's threads and read by HTTP.
final class StatusBoard: Sendable {
    private struct Contents {
        var status = RuntimeStatus.starting
        var engine = MetricsSnapshot()
        var ingress = MetricsSnapshot()
        var outbox = MetricsSnapshot()
        var verification = MetricsSnapshot()
    }

    private let contents = Mutex(Contents())

    var status: RuntimeStatus { contents.withLock { $0.status } }

    /// All threads' numbers together.
    var metrics: MetricsSnapshot {
        contents.withLock { contents in
            var sum = contents.engine
            sum.add(contents.ingress)
            sum.add(contents.outbox)
            sum.add(contents.verification)
            return sum
        }
    }

    func setJournal(_ journal: RuntimeStatus.Journal) { contents.withLock { $0.status.journal = journal } }

    /// Replaces the status of a shard; shards that were not set before are opening.
    func setShard(_ shard: ShardStatus) {
        contents.withLock { contents in
            let known = contents.status.shards.count
            if shard.index >= known {
                contents.status.shards += (known...shard.index).map { ShardStatus(index: $0) }
            }
            contents.status.shards[shard.index] = shard
        }
    }

    func setBroker(_ broker: RuntimeStatus.Broker) { contents.withLock { $0.status.broker = broker } }
    func setRecovery(_ recovery: RuntimeStatus.Recovery) { contents.withLock { $0.status.recovery = recovery } }

    func setConversations(setAside: [SetAsideConversation]) { contents.withLock { $0.status.setAside = setAside } }

    func setOutbox(_ outbox: RuntimeStatus.Outbox) { contents.withLock { $0.status.outbox = outbox } }

    /// A stop is final.
    func setIngress(_ ingress: RuntimeStatus.Ingress) {
        contents.withLock { contents in
            guard contents.status.ingress != .stopped else { return }
            contents.status.ingress = ingress
            if case .paused = ingress { contents.ingress.counters.ingressPauses += 1 }
        }
    }

    func setMetrics(_ metrics: MetricsSnapshot) { contents.withLock { $0.engine = metrics } }

    /// Changes the numbers that ingress counts.
    func countIngress(_ change: (inout MetricsSnapshot) -> Void) { contents.withLock { change(&$0.ingress) } }

    /// A difference stays: one sound conversation says nothing of another.
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

    /// Changes the numbers that the outbox counts.
    func countOutbox(_ change: (inout MetricsSnapshot) -> Void) { contents.withLock { change(&$0.outbox) } }
}
