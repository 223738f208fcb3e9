import JournalPort
import Signals

/// Writes one checkpoint in steps over several transactions, so that none of them becomes long: first the identities, a
/// group at a time, then the changed conversations, a few at a time, and in the last step what was pending and the cursor.
///
/// Until the last step has committed a start-up begins at the checkpoint before, and finds what is written already a second
/// time: identities are inserted once, and a conversation that is saved later than the checkpoint is skipped up to there
/// (as one that was evicted). What was pending is exact as of the checkpoint, so it goes with the cursor.
struct CheckpointWriter {
    /// Everything up to here is folded.
    let through: Position
    private let identities: IdentityIndex
    private let conversations: [ActiveConversation]
    private var pending: PendingChanges
    private let applyOrders: [Int64]
    /// Records within which it is to be done.
    private let span: Int64
    private var nextGroup = 0
    private var nextConversation = 0

    /// Saving a conversation costs about as much as a dozen identities.
    private static let conversationStep = 16

    /// - Parameters:
    ///   - through: the newest record, which is committed with the first step at the earliest.
    ///   - identities: of the signals recorded since the last checkpoint.
    ///   - conversations: changed since they were last saved.
    ///   - pending: since the last checkpoint.
    ///   - interval: records between two checkpoints. Each is done after half of them, so that there is one at a time.
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

    /// Where signals that the journal may not find yet were recorded.
    func positions(_ hash: UInt64) -> [Position] { identities.positions(hash) }

    /// A dead letter waits again. Its commit lists it among the pending at once, and it must stay there.
    mutating func restore(_ position: Position) { pending.forget(position) }

    /// Adds the next steps to a batch, the more the more records it has.
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
            // One that has left memory meanwhile was saved then.
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

    /// Steps in a transaction of so many records.
    private func pace(_ records: Int64) -> Int64 {
        let all = Int64(IdentityIndex.groupCount + conversations.count / Self.conversationStep + 2)
        return max(1, (all * records + span - 1) / span)
    }
}
