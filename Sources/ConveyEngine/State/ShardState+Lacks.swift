import Conversation
import JournalPort
import Signals

/// Data that are not in memory. The same answers decide what to fetch before a transaction and whether one of its steps
/// must wait for the next transaction.
extension ShardState {
    /// The known positions of signals with a hash. After a crash during a checkpoint, a position may appear twice.
    func knownPositions(identity hash: UInt64) -> [Position] {
        recent.positions(hash) + (checkpoint?.positions(hash) ?? []) + (transaction.fetched.identities[hash] ?? [])
    }

    /// The signals applied next, about as many as a transaction may apply.
    func upcoming(limit: Int) -> [PartitionMachine.Selection] {
        var room = min(settings.applyBudget, limit)
        guard room > 0, !turns.isEmpty else { return [] }
        let share = max(settings.partitionTurn, room / turns.count)
        var selections: [PartitionMachine.Selection] = []
        for partition in turns where room > 0 {
            let next = partitions[partition].upcoming(limit: min(share, room))
            room -= next.count
            selections += next
        }
        return selections
    }

    /// The data missing for applying a signal; nil if nothing is missing.
    func lacks(_ next: PartitionMachine.Selection) -> Wanted? {
        var lacking: Wanted?
        if next.isReleased, !transaction.knows(record: next.position) {
            lacking = Wanted(records: [next.position])
        }
        if lacking == nil, let wish = retryWish(next), lacksAnswer(wish) { lacking = Wanted(retries: [wish]) }
        guard let conversation = conversations.find(id: next.conversation), let context = lacks(conversation),
            Family(type: next.signal.type) == .inbound || ToolLoop.mayContinue(next.signal)
        else { return lacking }
        return context.union(lacking)
    }

    /// The retry that a signal requests; nil for any other signal.
    private func retryWish(_ next: PartitionMachine.Selection) -> RetryWish? {
        guard next.signal.type == SignalType.answerRetryRequested, !next.signal.isForked,
            let signal = next.isReleased ? transaction.signal(at: next.position) : next.signal
        else { return nil }
        return RetryWish(signal, in: next.conversation)
    }

    private func lacksAnswer(_ wish: RetryWish) -> Bool {
        transaction.fetched.failedAnswers[wish] == nil || transaction.endedGenerations.contains(wish.conversation)
    }

    /// What of a conversation is needed when its effects start and end; nil where nothing is missing.
    func lacks(_ conversation: ActiveConversation) -> Wanted? {
        let id = conversation.record.id
        var lacking = Wanted(texts: Set(ledger.recordedTexts(of: id)))
        if let position = missingConfiguration(of: conversation) { lacking.records.insert(position) }
        for effect in ledger.startableNext(of: id) where !knows(causeOf: effect) {
            lacking.records.insert(effect.effect.key.cause)
        }
        return lacking.isEmpty ? nil : lacking
    }

    private func knows(causeOf entry: EffectLedger.Entry) -> Bool {
        transaction.causes[entry.effect.key.cause] != nil || transaction.knows(record: entry.effect.key.cause)
    }

    private func missingConfiguration(of conversation: ActiveConversation) -> Position? {
        guard let position = conversation.record.core.configured, conversation.configuration?.position != position,
            transaction.causes[position] == nil, !transaction.knows(record: position)
        else { return nil }
        return position
    }

    /// The data missing for an effect's next attempt; nil if nothing is missing.
    func lacks(start entry: EffectLedger.Entry) -> Wanted? {
        let effect = entry.effect
        var lacking = Wanted()
        if !knows(causeOf: entry) { lacking.records.insert(effect.key.cause) }
        if let conversation = conversations.find(id: effect.conversation) {
            if let position = missingConfiguration(of: conversation) { lacking.records.insert(position) }
        } else {
            lacking.conversations.insert(effect.conversation)
        }
        // It may end instead.
        if failureAfterRestart(entry) != nil { lacking.texts = ledger.recorded([effect.key]) }
        return lacking.isEmpty ? nil : lacking
    }
}
