import ConveyEngine
import JournalPort
import Signals
import Synchronization
import Threads

/// The shards of this process; routes signals to their shards.
final class ShardSet: Sendable {
    private struct State {
        var layout: JournalLayout?
        var hosts: [ShardHost] = []
        var isStopping = false
    }

    private let state = Monitor(State())
    /// How long a batch handed over now waits for a shard while others could continue without it (microseconds,
    /// monotonic).
    private let batchDeadline: @Sendable () -> Int64

    /// Why nothing can be handed over so early in the start.
    static let notOpen = JournalError(.busy, "the journal is not open yet")

    /// How long a batch waits for a shard while others could continue without it.
    private static let patienceMicroseconds: Int64 = 10_000_000

    init(
        batchDeadline: @escaping @Sendable () -> Int64 = {
            Clocks.monotonicMicroseconds() + ShardSet.patienceMicroseconds
        }
    ) {
        self.batchDeadline = batchDeadline
    }

    var hosts: [ShardHost] { state.change { $0.hosts } }
    /// 1 until the layout is known.
    var count: Int { state.change { $0.layout?.shards ?? 1 } }

    /// - Returns: false if a stop was requested: then the hosts must not start.
    func open(_ layout: JournalLayout, _ hosts: [ShardHost]) -> Bool {
        state.change { state in
            if state.isStopping { return false }
            state.layout = layout
            state.hosts = hosts
            return true
        }
    }

    /// Waits for a stop.
    /// - Returns: whether one was requested by the deadline (microseconds, monotonic).
    func waitForStop(until deadline: Int64) -> Bool {
        state.wait(until: deadline) { $0.isStopping ? true : nil } ?? false
    }

    /// Stops all shards at once. Returns when their attempts have ended; the engines may still be working.
    func stop() async {
        let hosts = state.change { state in
            state.isStopping = true
            return state.hosts
        }
        await withDiscardingTaskGroup { group in
            for host in hosts { group.addTask { await host.stop() } }
        }
    }

    /// The shard with this number; nil if there is none, or none yet.
    func host(_ index: Int) -> ShardHost? {
        state.change { $0.hosts.indices.contains(index) ? $0.hosts[index] : nil }
    }

    /// The shard of a conversation; nil before the layout is known.
    func host(of subject: String) -> ShardHost? {
        state.change { state in state.layout.map { state.hosts[$0.shard(of: subject)] } }
    }

    /// Hands each shard its part of a batch.
    /// - Parameters:
    ///   - previous: the previous batch of the same connection; a shard that has failed with it takes nothing of
    ///     this one.
    ///   - isPatient: whether to wait for every shard, however long it takes.
    ///   - withholding: shards that get nothing, because earlier messages for them are withheld.
    ///   - onComplete: called whenever a shard has finished its part, on any thread.
    func submit(
        _ inbound: [InboundSignal], behind previous: Submission? = nil, isPatient: Bool, withholding: Set<Int> = [],
        onComplete: @escaping @Sendable () -> Void = {}
    ) -> Submission {
        let (layout, hosts) = state.change { ($0.layout, $0.hosts) }
        var submission = Submission(count: inbound.count, behind: previous)
        guard let layout, hosts.count > 1 else {
            guard let host = hosts.first else {
                submission.refuse(shard: 0, Self.notOpen)
                return submission
            }
            submission.hand(inbound, to: host, onComplete)
            return submission
        }
        submission.shards = inbound.map { layout.shard(of: Self.subject(of: $0)) }
        submission.deadline = isPatient ? nil : batchDeadline()
        var parts = Array(repeating: [InboundSignal](), count: hosts.count)
        for (signal, shard) in zip(inbound, submission.shards) { parts[shard].append(signal) }
        for (host, part) in zip(hosts, parts) where !part.isEmpty {
            if withholding.contains(host.index) || !host.isServing {
                submission.refuse(shard: host.index, host.failure ?? Self.notOpen)
            } else {
                submission.hand(part, to: host, onComplete)
            }
        }
        return submission
    }

    private static func subject(of inbound: InboundSignal) -> String {
        switch inbound {
        case .accepted(let signal): signal.subject
        case .rejected(let message): message.subject ?? ShardPartitions.nameless
        }
    }
}
