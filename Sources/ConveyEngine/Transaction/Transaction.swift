import JournalPort
import Signals

/// The current transaction: the data fetched for it, its records, and the actions after its commit.
struct Transaction {
    let time: EngineTime
    /// The journal's newest position before it.
    let committed: Position
    var fetched = Fetched()
    /// Identity hashes of the inbound signals, in their order.
    var identities: [UInt64] = []
    /// Passed deadlines of effects.
    var due: [EffectLedger.Due] = []
    var batch = JournalBatch()
    var output = EngineOutput()
    /// Partitions that got a control signal, once for each.
    var urgent: [Int] = []
    var buried: Set<Position> = []
    /// Signals whose application ordered effects.
    var causes: [Position: Signal] = [:]
    /// Conversations to be set aside at its end.
    var condemned: [(conversation: ActiveConversation, reason: String)] = []
    /// Applications it may still make.
    var budget = 0
    /// Conversations in which a generation has ended: what was fetched of their answers is old.
    var endedGenerations: Set<ConversationID> = []
    /// Why it must not be committed.
    var failure: JournalError?

    /// Whether a record is available: its own, or a fetched one (which may be known not to exist).
    func knows(record position: Position) -> Bool { position > committed || fetched.records[position] != nil }

    /// A record of its own, or one of an earlier transaction that was fetched.
    func record(at position: Position) -> JournalRecord? {
        guard position > committed else { return fetched.record(at: position) }
        let index = Int(position.rawValue - committed.rawValue) - 1
        return index < batch.records.count ? batch.records[index] : nil
    }

    /// The intact signal recorded at a position; nil if it cannot be read.
    func signal(at position: Position) -> Signal? { causes[position] ?? record(at: position)?.intactSignal }
}
