import JournalPort
import Signals

/// The transaction at hand: what was fetched for it, and what it will write and let others do.
struct Transaction {
    let time: EngineTime
    /// The journal's newest position before it.
    let committed: Position
    var fetched = Fetched()
    /// Identity hashes of the inbound signals, in their order.
    var identities: [UInt64] = []
    /// Deadlines of effects that have passed.
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

    /// Whether a record is at hand: its own, or one that was fetched (which may say that there is none).
    func knows(record position: Position) -> Bool { position > committed || fetched.records[position] != nil }

    /// A record of its own, or one of an earlier transaction that was fetched.
    func record(at position: Position) -> JournalRecord? {
        guard position > committed else { return fetched.record(at: position) }
        let index = Int(position.rawValue - committed.rawValue) - 1
        return index < batch.records.count ? batch.records[index] : nil
    }

    /// The intact signal recorded at a position; nil where it cannot be read.
    func signal(at position: Position) -> Signal? { causes[position] ?? record(at: position)?.intactSignal }
}
