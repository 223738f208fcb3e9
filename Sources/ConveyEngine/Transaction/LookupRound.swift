import EffectPort
import Conversation
import JournalPort
import Signals

/// One round of look-ups before a transaction: the data it may need, as far as known by now, and does not have yet.
///
/// The results of a round may lead to another one: a dead letter to its conversation, the conversation to its
/// configuration.
struct LookupRound {
    private var identities: Set<UInt64> = []
    private var records: Set<Position> = []
    private var deadLetters: Set<Position> = []
    private var subjects: Set<ExactText> = []
    private var conversations: Set<ConversationID> = []
    /// Effects whose streamed text is to be read back.
    private(set) var texts: Set<EffectKey> = []
    /// Answers that have failed.
    private(set) var retries: Set<RetryWish> = []
    /// Parked signals that were looked at: they may wait for one another in a circle.
    private var followed: Set<Position> = []

    init() {}

    /// Everything that a transaction with this input may need.
    init(for input: EngineInput, _ state: ShardState) {
        for (inbound, hash) in zip(input.inbound, state.transaction.identities) { want(inbound, hash, state) }
        for report in input.reports { want(report, state) }
        for move in input.deadLetterMoves {
            for position in move.chosen { want(moved: position, state) }
        }
        for event in input.unpublished {
            let subject = state.partitions.places.namelessSubject
            want(subject: subject, state)
            want(identity: IdentityHash.of(subject: subject, id: state.ids.setAside(event.position)), state)
        }
        for due in state.transaction.due { want(end: due.key, state) }
        for news in state.untold { want(subject: news.conversation.record.subject, state) }
        let freed = input.ends + state.transaction.due.count
        for entry in state.ledger.startable(freed: freed) { want(state.lacks(start: entry), state) }
        for selection in state.upcoming(limit: input.applications ?? .max) { want(next: selection, state) }
        want(state.wanted, state)
    }

    var isEmpty: Bool {
        identities.isEmpty && records.isEmpty && deadLetters.isEmpty && subjects.isEmpty && conversations.isEmpty
            && texts.isEmpty && retries.isEmpty
    }

    var lookup: JournalLookup {
        var lookup = JournalLookup()
        lookup.identities = Array(identities)
        lookup.records = Array(records)
        lookup.deadLetters = Array(deadLetters)
        lookup.subjects = subjects.map(\.text)
        lookup.conversations = Array(conversations)
        return lookup
    }

    // MARK: What the parts of an input need

    private mutating func want(_ inbound: InboundSignal, _ hash: UInt64, _ state: ShardState) {
        want(identity: hash, state)
        switch inbound {
        case .rejected(let message): want(subject: message.subject ?? ShardPartitions.nameless, state)
        case .accepted(let signal):
            want(subject: signal.subject, state)
            want(signal.cause, of: signal.subject, state)
            guard let conversation = state.conversations.find(subject: signal.subject) else { return }
            want(state.lacks(conversation), state)
            want(dependentsOf: [signal.id], in: conversation, state)
        }
    }

    private mutating func want(_ report: EffectReport, _ state: ShardState) {
        want(conversation: report.effect.conversation, state)
        switch report.event {
        case .delta: break
        case .completed, .failed: want(end: report.effect.key, state)
        }
    }

    /// The data for ending an effect.
    private mutating func want(end key: EffectKey, _ state: ShardState) {
        guard let effect = state.ledger.entry(key)?.effect else { return }
        let id = effect.conversation
        want(conversation: id, state)
        guard let conversation = state.conversations.find(id: id) else { return }
        want(state.lacks(conversation), state)
        want(
            dependentsOf: ["completed", "failed", "canceled"].map {
                state.ids.effect(key, attempt: effect.attempt, lifecycle: $0)
            }, in: conversation, state)
    }

    private mutating func want(moved position: Position, _ state: ShardState) {
        want(deadLetter: position, state)
        want(record: position, state)
        guard let record = state.transaction.fetched.records[position] ?? nil, case .signal(let signal) = record.content
        else { return }
        want(conversation: record.conversation, state)
        want(signal.cause, of: signal.subject, state)
        guard let conversation = state.conversations.find(id: record.conversation) else { return }
        want(state.lacks(conversation), state)
        want(dependentsOf: [signal.id, state.ids.marker(of: position)], in: conversation, state)
    }

    /// The data for applying a signal and the signals that it makes ready.
    private mutating func want(next: PartitionMachine.Selection, _ state: ShardState) {
        want(state.lacks(next), state)
        guard let conversation = state.conversations.find(id: next.conversation) else { return }
        want(dependentsOf: [next.signal.id, state.ids.marker(of: next.position)], in: conversation, state)
    }

    /// The data for applying the parked signals that wait for others, directly or not, as far as a transaction can get.
    private mutating func want(
        dependentsOf causes: @autoclosure () -> [String], in conversation: ActiveConversation, _ state: ShardState
    ) {
        let partition = conversation.record.partition
        guard state.partitions[partition].isAnythingParked else { return }
        var causes = causes()
        while let cause = causes.popLast(), followed.count < state.settings.applyBudget {
            for next in state.partitions[partition].dependents(of: cause, conversation: conversation.record.id)
            where followed.insert(next.position).inserted {
                want(state.lacks(next), state)
                causes += [next.signal.id, state.ids.marker(of: next.position)]
            }
        }
    }

    private mutating func want(_ wanted: Wanted?, _ state: ShardState) {
        guard let wanted else { return }
        for position in wanted.records { want(record: position, state) }
        for id in wanted.conversations { want(conversation: id, state) }
        texts.formUnion(state.ledger.recorded(wanted.texts))
        for wish in wanted.retries where state.transaction.fetched.failedAnswers[wish] == nil {
            if state.conversations.find(id: wish.conversation) == nil {
                conversations.insert(wish.conversation)
            } else {
                retries.insert(wish)
            }
        }
    }

    // MARK: Single look-ups

    /// The data that decide whether a signal's cause was applied.
    mutating func want(_ cause: Cause, of subject: String, _ state: ShardState) {
        guard case .signal(let id) = cause else { return }
        var positions = [state.ids.appliedPosition(marker: id)].compactMap(\.self)
        let hash = IdentityHash.of(subject: subject, id: id)
        want(identity: hash, state)
        positions += state.knownPositions(identity: hash)
        for position in positions {
            want(record: position, state)
            want(deadLetter: position, state)
        }
    }

    /// The positions of a signal, and the records there.
    mutating func want(identity hash: UInt64, _ state: ShardState) {
        if state.transaction.fetched.identities[hash] == nil { identities.insert(hash) }
        for position in state.knownPositions(identity: hash) { want(record: position, state) }
    }

    mutating func want(record position: Position, _ state: ShardState) {
        if !state.transaction.knows(record: position) { records.insert(position) }
    }

    private mutating func want(deadLetter position: Position, _ state: ShardState) {
        guard position <= state.transaction.committed, state.transaction.fetched.deadLetters[position] == nil else {
            return
        }
        deadLetters.insert(position)
    }

    private mutating func want(subject: String, _ state: ShardState) {
        guard state.conversations.find(subject: subject) == nil else { return }
        let text = ExactText(subject)
        if !state.transaction.fetched.newSubjects.contains(text) { subjects.insert(text) }
    }

    private mutating func want(conversation id: ConversationID, _ state: ShardState) {
        if state.conversations.find(id: id) == nil { conversations.insert(id) }
    }
}
