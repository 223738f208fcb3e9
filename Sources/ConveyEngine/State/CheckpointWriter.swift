import JournalPort
import Signals

/// Writes one checkpoint in steps over several transactions, so that none of them becomes long: first the identities,
/// one group at a time, then the changed conversations, a few at a time, and in the last step the pending signals and
/// the cursor.
///
/// Until the last step has committed, a start-up begins at the previous checkpoint and finds what is already written a
/// second time. Identities are inserted once, and a conversation saved later than the checkpoint is skipped up to that
/// point (as after an eviction). The pending list is exact as of the checkpoint, so it is written with the cursor.
struct CheckpointWriter {
    /// The checkpoint contains everything up to here.
    let through: Position
    private let identities: IdentityIndex
    private let conversations: [ActiveConversation]
    private var pending: PendingChanges
    private let applyOrders: [Int64]
    /// Number of records within which it must be complete.
    private let span: Int64
    private var nextGroup = 0
    private var nextConversation = 0

    /// Saving a conversation costs about as much as a dozen identities.
    private static let conversationStep = 16

    /// - Parameters:
    ///   - through: the newest record, which is committed no earlier than the first step.
    ///   - identities: the identities of signals recorded since the last checkpoint.
    ///   - conversations: those changed since they were last saved.
    ///   - pending: the changes since the last checkpoint.
    ///   - interval: records between two checkpoints. Each is complete after half of them, so that only one is in progress.
    init(
        through: Position, identities: IdentityIndex, conversations: [ActiveConversation], pending: PendingChanges,
        applyOrders: [Int64], interval: Int64
    ) {
        self.through = through
        self.identities = identities
        self.conversations = conversations
        self.pending = pending
        self.applyOrders = applyOrders
        span = max(1, interval / 2)
    }

    /// The positions of signals that the journal may not find yet.
    func positions(_ hash: UInt64) -> [Position] { identities.positions(hash) }

    /// A dead letter is pending again. Its commit lists it as pending at once, and it must stay listed.
    mutating func restore(_ position: Position) { pending.forget(position) }

    /// Adds the next steps to a batch; more steps if the batch has more records.
    /// - Returns: the conversations to save.
    mutating func write(to batch: inout JournalBatch) -> [ActiveConversation] {
        var saved: [ActiveConversation] = []
        var steps = pace(Int64(batch.records.count))
        while steps > 0, nextGroup < IdentityIndex.groupCount {
            batch.identities += identities.sorted(group: nextGroup)
            nextGroup += 1
            steps -= 1
        }
        while steps > 0, nextConversation < conversations.count {
            let end = min(nextConversation + Self.conversationStep, conversations.count)
            // A conversation that has left memory meanwhile was saved then.
            saved += conversations[nextConversation..<end].filter(\.isDirty)
            nextConversation = end
            steps -= 1
        }
        if steps > 0 {
            batch.checkpoint = Checkpoint(
                through: through, pendingAdded: pending.added.sorted(), pendingRemoved: pending.removed.sorted(),
                applyOrders: applyOrders)
        }
        return saved
    }

    /// Number of steps in a transaction with this many records.
    private func pace(_ records: Int64) -> Int64 {
        let all = Int64(IdentityIndex.groupCount + conversations.count / Self.conversationStep + 2)
        return max(1, (all * records + span - 1) / span)
    }
}
