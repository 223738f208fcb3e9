import Conversation

/// Reading back what the last commit left.
extension Engine {
    /// Records read at a time.
    private static let recoveryPage = 2_000

    /// Loads the last checkpoint and applies the records appended since: bounded by the checkpoint interval, whatever the
    /// journal's length.
    func recover() throws(JournalError) {
        let point = try journal.recoveryPoint()
        nextPosition = point.lastPosition.next
        lastConversation = point.lastConversation.rawValue
        checkpointed = point.checkpoint
        outboxCursor = point.outboxCursor
        metrics.gauges.deadLettersOpen = point.deadLetters
        for (partition, order) in point.applyOrders.enumerated() where partition < partitions.count {
            partitions[partition].restore(applyOrder: order)
        }

        var waiting = Set(point.pending)
        var position = point.checkpoint
        while true {
            let page = try journal.records(after: position, limit: Self.recoveryPage)
            for record in page { try replay(record, waiting: &waiting) }
            guard let last = page.last else { break }
            position = last.position
        }
        for position in waiting where try journal.isDeadLetter(position) { waiting.remove(position) }
        pending = PendingChanges(from: point.pending, to: waiting)
        try enqueue(waiting)
        try reopen(point.openEffects)
        metrics.gauges.openEffects = ledger.count
        metrics.gauges.queueDepth = queueDepth
    }

    /// Repeats what recording or applying did to the memory of the process that wrote this record.
    private func replay(_ record: JournalRecord, waiting: inout Set<Position>) throws(JournalError) {
        let conversation = try activate(id: record.conversation)
        let isNew = record.position > conversation.record.through
        switch record.content {
        case .signal(let signal):
            waiting.insert(record.position)
            recent.insert(IdentityIndex.hash(subject: signal.subject, id: signal.id), record.position)
            if isNew, let family = Family(type: signal.type) {
                _ = conversation.record.advance(to: record.position, family: family)
                conversation.isDirty = true
            }
        case .marker(let marker):
            waiting.remove(marker.appliedPosition)
            partitions[conversation.record.partition].restore(applyOrder: marker.applyOrder)
            guard isNew else { return }
            try reapply(marker, in: conversation)
            _ = conversation.record.advance(to: record.position, family: .applied)
            conversation.isDirty = true
        }
    }

    private func reapply(_ marker: Marker, in conversation: ActiveConversation) throws(JournalError) {
        guard let record = try journal.record(at: marker.appliedPosition), case .signal(let signal) = record.content
        else {
            throw JournalError(.corrupt, "record \(marker.appliedPosition) was applied but cannot be read")
        }
        var canceledThrough = conversation.record.canceledThrough
        _ = PartitionMachine.reduce(
            signal, position: record.position.rawValue, priority: marker.priority, offset: record.offset,
            partition: conversation.record.partition, state: &conversation.record.state,
            canceledThrough: &canceledThrough)
        conversation.record.canceledThrough = canceledThrough
        guard conversation.record.state.digest == marker.digest else {
            throw JournalError(
                .corrupt,
                "replaying \(conversation.record.subject) gives another state than was recorded at "
                    + "record \(marker.appliedPosition) (offset \(record.offset))")
        }
    }

    /// Hands the partitions what was recorded and not applied, in record order.
    private func enqueue(_ waiting: Set<Position>) throws(JournalError) {
        unqueued = waiting
        for (index, position) in unqueued.sorted().enumerated() {
            guard let record = try journal.record(at: position), case .signal(let signal) = record.content else {
                throw JournalError(.corrupt, "record \(position) is pending but cannot be read")
            }
            let conversation = try activate(id: record.conversation)
            let partition = conversation.record.partition
            partitions[partition].enqueue(
                signal, position: position.rawValue, conversation: record.conversation.rawValue,
                offset: record.offset, cause: try status(of: signal.cause, in: conversation),
                now: time.monotonic)
            unqueued.remove(position)
            if index >= settings.residentSignalLimit { partitions[partition].release(position.rawValue) }
            conversation.pending += 1
            if ToolLoop.mayContinue(signal) { conversation.pendingTurns += 1 }
            giveTurn(to: partition)
        }
    }

    /// Takes up the effects without an end: an answer that has begun before one that has not, then the oldest first.
    private func reopen(_ effects: [OpenEffect]) throws(JournalError) {
        func rank(_ effect: OpenEffect) -> Int { effect.round > 0 ? 0 : effect.attempt > 0 ? 1 : 2 }
        let ordered = effects.sorted {
            (rank($0), $0.key.cause, $0.key.ordinal) < (rank($1), $1.key.cause, $1.key.ordinal)
        }
        for effect in ordered {
            var call: ToolCall?
            var isTurnHeld = false
            switch effect.effectClass {
            case .tool: call = try self.call(of: effect)
            case .llm: isTurnHeld = try activate(id: effect.conversation).isTurnHeld
            case .timer: break
            }
            // What was wrong with the policy was told when the effect was opened.
            let policy = (try? policy(of: effect, call: call)) ?? settings.effects.policy(of: effect.effectClass)
            var entry = EffectLedger.Entry(
                effect: effect, policy: policy,
                lastSignal: SignalReference(id: effect.causeID, position: effect.key.cause))
            entry.call = call
            entry.wasInterrupted = effect.effectClass != .timer && effect.attempt > 0 && effect.dueAt == nil
            ledger.open(entry, due: effect.dueAt.map(monotonic), isTurnHeld: isTurnHeld)
        }
    }

    /// The call that a tool's effect was opened for.
    private func call(of effect: OpenEffect) throws(JournalError) -> ToolCall? {
        guard case .signal(let cause)? = try record(at: effect.key.cause)?.content else { return nil }
        let calls = ChatMessage.ToolCall.list(JSONObjectView(cause.data)?["tool_calls"])
        guard calls.indices.contains(effect.key.ordinal) else { return nil }
        return ToolCall(calls[effect.key.ordinal])
    }
}
