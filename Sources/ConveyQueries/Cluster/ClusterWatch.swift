import JournalPort
import Logging
import Observability
import Signals
import Synchronization
import Threads

/// Sends a heartbeat of this node each second, and keeps the newest status of the other nodes. Owns a thread.
public final class ClusterWatch: Sendable {
    private let store: any JournalStore
    private let node: ClusterNode
    private let status: @Sendable () -> RuntimeStatus
    private let logger: Logger
    private let beat: ThreadBeat
    private let began = Clocks.monotonicMicroseconds()
    private let isStopping = Monitor(false)
    private let latest = Mutex<ClusterStatus?>(nil)
    private let thread = Mutex<DedicatedThread?>(nil)

    private static let intervalMicroseconds: Int64 = 1_000_000

    /// - Parameters:
    ///   - node: this node.
    ///   - status: the status of this node's runtime. It is the source of `cluster` if the journal is not shared.
    package init(
        _ store: any JournalStore, node: ClusterNode, status: @escaping @Sendable () -> RuntimeStatus, logger: Logger,
        heartbeats: Heartbeats
    ) {
        self.store = store
        self.node = node
        self.status = status
        self.logger = logger
        beat = heartbeats.beat("cluster", limit: BeatLimits.connection)
    }

    public func start() {
        guard store.isShared else { return beat.end() }
        thread.withLock { thread in
            if thread == nil { thread = DedicatedThread(name: "convey-cluster") { [self] in run() } }
        }
    }

    /// Ends the thread without waiting for it.
    public func stop() { isStopping.change { $0 = true } }

    /// The nodes and shards, at most a few seconds old.
    package var cluster: ClusterStatus { latest.withLock { $0 } ?? alone }

    /// The status of a single node that does not share its journal.
    private var alone: ClusterStatus {
        let shards = status().shards.map { shard in
            ClusterShard(
                shard: shard.index, tag: shard.tag, owner: shard.state == .open ? node.name : nil,
                isOwned: shard.state == .open, epoch: 1, position: Position(shard.lastPosition),
                outboxLag: Int64(shard.outboxLag))
        }
        return ClusterStatus(node: node.name, nodes: [own], shards: shards)
    }

    private var own: ClusterNode {
        var node = node
        node.uptime = (Clocks.monotonicMicroseconds() - began) / 1_000_000
        return node
    }

    private func run() {
        defer { beat.end() }
        var told: JournalError.Code?
        while true {
            beat.turn()
            do {
                let found = try store.beat(own)
                latest.withLock { $0 = found }
                told = nil
            } catch {
                // Logged only at debug level: the journal's own threads report an unreachable database, too.
                if told != error.code {
                    logger.debug("the other nodes cannot be seen", metadata: ["reason": "\(error)"])
                }
                told = error.code
            }
            let next = Clocks.monotonicMicroseconds() + Self.intervalMicroseconds
            if isStopping.wait(until: next, { $0 ? true : nil }) ?? false { return }
        }
    }
}
