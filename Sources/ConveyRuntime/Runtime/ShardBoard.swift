import JournalPort
import Observability
import Signals

/// One shard's part of the status board.
struct ShardBoard: Sendable {
    let board: StatusBoard
    let index: Int

    private func change(_ change: (inout StatusBoard.ShardContents) -> Void) {
        board.contents.withLock { change(&$0.shards[index]) }
    }

    func setJournal(_ journal: RuntimeStatus.Journal) { change { $0.status.state = journal } }
    func setTag(_ tag: ShardTag) { change { $0.status.tag = tag.text } }
    func settled() { change { $0.isSettled = true } }
    func setConversations(setAside: [SetAsideConversation]) { change { $0.setAside = setAside } }
    func setOutbox(_ outbox: RuntimeStatus.Outbox) { change { $0.outbox = outbox } }

    /// The numbers after a transaction.
    func setMetrics(_ metrics: MetricsSnapshot, lastPosition: Int64) {
        change { shard in
            // The partitions' numbers are updated only occasionally.
            let partitions =
                metrics.gauges.partitions.isEmpty ? shard.engine.gauges.partitions : metrics.gauges.partitions
            shard.engine = metrics
            shard.engine.gauges.partitions = partitions
            shard.status.lastPosition = lastPosition
            shard.status.queueDepth = metrics.gauges.queueDepth
            shard.status.outboxLag = metrics.gauges.outboxLag
        }
    }

    /// The same without a transaction: only the numbers of failures have changed.
    func setMetrics(_ metrics: MetricsSnapshot) { change { $0.engine = metrics } }

    /// Changes the numbers that the outbox counts.
    func countOutbox(_ change: (inout MetricsSnapshot) -> Void) {
        self.change { change(&$0.published) }
    }
}
