import ConveyEngine
import JournalPort
import Signals
import Synchronization
import Threads

/// The shards of this process, and the way of a signal to its shard.
final class ShardSet: Sendable {
    private struct State {
        var layout: JournalLayout?
        var hosts: [ShardHost] = []
        var isStopping = false
    }

    private let state = Monitor(State())
    /// Until when a batch that was handed over now waits for a shard, where others could go on without it (microseconds, monotonic).
    private let batchDeadline: @Sendable () -> Int64

    /// Why nothing can be handed over before the start has come that far.
    static let notOpen = JournalError(.busy, "the journal is not open yet")

    /// How long a batch waits for a shard where others could go on without it.
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

    /// - Returns: false when a stop was asked for: then the hosts must not start.
    func open(_ layout: JournalLayout, _ hosts: [ShardHost]) -> Bool {
        state.change { state in
            if state.isStopping { return false }
            state.layout = layout
            state.hosts = hosts
            return true
        }
    }

    /// Waits for a stop.
    /// - Returns: whether one was asked for by the deadline (microseconds, monotonic).
    func waitForStop(until deadline: Int64) -> Bool {
        state.wait(until: deadline) { $0.isStopping ? true : nil } ?? false
    }

    /// Stops all shards at once. Returns when their attempts have ended; the engines may still be at work.
    func stop() async {
        let hosts = state.change { state in
            state.isStopping = true
            return state.hosts
        }
        await withDiscardingTaskGroup { group in
            for host in hosts { group.addTask { await host.stop() } }
        }
    }

    /// The shard with this number; nil where there is none, or none yet.
    func host(_ index: Int) -> ShardHost? {
        state.change { $0.hosts.indices.contains(index) ? $0.hosts[index] : nil }
    }

    /// The shard of a conversation; nil before the layout is known.
    func host(of subject: String) -> ShardHost? {
        state.change { state in state.layout.map { state.hosts[$0.shard(of: subject)] } }
    }

    /// What became of a batch.
    struct BatchResult {
        /// One per message, in their order; nil where the message's shard has failed.
        var outcomes: [RecordOutcome?]
        /// The shard of each message; empty where there is only one shard.
        var shards: [Int] = []
        /// Shards that have recorded nothing of it, with the reason.
        var failures: [Int: JournalError] = [:]
    }

    /// Hands each shard its part of a batch, and waits until all have committed or failed.
    /// - Parameters:
    ///   - isPatient: waits for every shard, however long it takes.
    ///   - withholding: shards that get nothing, because earlier messages are withheld from them.
    func submit(_ inbound: [InboundSignal], isPatient: Bool, withholding: Set<Int> = []) -> BatchResult {
        let (layout, hosts) = state.change { ($0.layout, $0.hosts) }
        guard let layout, hosts.count > 1 else { return submit(inbound, to: hosts.first) }
        var result = BatchResult(outcomes: Array(repeating: nil, count: inbound.count))
        result.shards = inbound.map { layout.shard(of: Self.subject(of: $0)) }
        var parts = Array(repeating: [InboundSignal](), count: hosts.count)
        for (signal, shard) in zip(inbound, result.shards) { parts[shard].append(signal) }
        var tickets: [EngineMailbox.Ticket?] = []
        for (shard, part) in parts.enumerated() {
            if part.isEmpty {
                tickets.append(nil)
            } else if withholding.contains(shard) || !hosts[shard].isServing {
                tickets.append(nil)
                result.failures[shard] = hosts[shard].failure ?? Self.notOpen
            } else {
                tickets.append(hosts[shard].hand(over: part))
            }
        }
        let deadline = isPatient ? nil : batchDeadline()
        var recorded = Array(repeating: [RecordOutcome](), count: hosts.count)
        for (shard, ticket) in tickets.enumerated() {
            switch ticket?.wait(until: deadline) {
            case .success(let outcomes)?: recorded[shard] = outcomes
            case .failure(let error)?: result.failures[shard] = error
            case nil:
                guard ticket != nil else { continue }
                result.failures[shard] = JournalError(
                    .busy, "shard \(shard) has not committed for \(Self.patienceMicroseconds / 1_000_000) s")
            }
        }
        var next = Array(repeating: 0, count: hosts.count)
        for (index, shard) in result.shards.enumerated() where next[shard] < recorded[shard].count {
            result.outcomes[index] = recorded[shard][next[shard]]
            next[shard] += 1
        }
        return result
    }

    private func submit(_ inbound: [InboundSignal], to host: ShardHost?) -> BatchResult {
        switch host?.mailbox.submit(inbound) ?? .failure(Self.notOpen) {
        case .success(let outcomes): BatchResult(outcomes: outcomes)
        case .failure(let error):
            BatchResult(outcomes: Array(repeating: nil, count: inbound.count), failures: [0: error])
        }
    }

    private static func subject(of inbound: InboundSignal) -> String {
        switch inbound {
        case .accepted(let signal): signal.subject
        case .rejected(let message): message.subject ?? ShardPartitions.nameless
        }
    }
}
