import ConveyEngine
import JournalPort

/// A batch of ingress that was handed to its shards.
struct Submission {
    /// The result of the batch.
    struct Result {
        /// One per message, in order; nil if the message's shard has failed.
        var outcomes: [RecordOutcome?]
        /// Shards that have recorded nothing of it, with the reason.
        var failures: [Int: JournalError] = [:]
    }

    private struct Part {
        var host: ShardHost
        var ticket: EngineMailbox.Ticket
    }

    private let count: Int
    /// The shard of each message; empty if there is only one shard.
    var shards: [Int] = []
    /// The shards' deadline, in microseconds of the monotonic clock; nil for no limit.
    var deadline: Int64?
    private var parts: [Part] = []
    private var refused: [Int: JournalError] = [:]
    /// The newest batch of each shard on the connection.
    private var newest: [Int: EngineMailbox.Ticket]

    init(count: Int, behind previous: Submission?) {
        self.count = count
        newest = previous?.newest ?? [:]
    }

    mutating func hand(
        _ inbound: [InboundSignal], to host: ShardHost, _ onComplete: @escaping @Sendable () -> Void
    ) {
        let ticket = host.mailbox.hand(over: inbound, behind: newest[host.index], onComplete: onComplete)
        parts.append(Part(host: host, ticket: ticket))
        newest[host.index] = ticket
    }

    mutating func refuse(shard: Int, _ error: JournalError) { refused[shard] = error }

    /// Whether every shard has finished, or the deadline has passed.
    func isOver(at now: Int64) -> Bool {
        deadline.map { $0 <= now } ?? false || parts.allSatisfy { $0.ticket.isComplete }
    }

    /// Waits until every shard has finished, or the deadline has passed.
    func result() -> Result {
        var result = Result(outcomes: Array(repeating: nil, count: count), failures: refused)
        var recorded: [Int: ArraySlice<RecordOutcome>] = [:]
        for part in parts {
            let shard = part.host.index
            switch part.ticket.wait(until: deadline) {
            case .success(let outcomes)?: recorded[shard] = outcomes[...]
            case .failure(let error)?: result.failures[shard] = error
            case nil:
                part.host.giveUp(on: part.ticket)
                result.failures[shard] = JournalError(.busy, "shard \(shard) has not committed in time")
            }
        }
        guard !shards.isEmpty else {
            if let outcomes = recorded.values.first { result.outcomes = outcomes.map { $0 } }
            return result
        }
        for (index, shard) in shards.enumerated() { result.outcomes[index] = recorded[shard]?.popFirst() }
        return result
    }
}
