import Conversation
import JournalPort
import Signals

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
        for partition in partitions.numbers where partition < point.applyOrders.count {
            partitions[partition].restore(applyOrder: point.applyOrders[partition])
        }

        let listed = try listedPending()
        var waiting = Set(listed)
        var position = point.checkpoint
        while true {
            let page = try journal.records(after: position, limit: Self.recoveryPage)
            for record in page { try replay(record, waiting: &waiting) }
            guard let last = page.last else { break }
            position = last.position
        }
        for position in waiting where try journal.isDeadLetter(position) { waiting.remove(position) }
        pending = PendingChanges(from: listed, to: waiting)
        try enqueue(waiting)
        try reopen(try storedEffects())
        metrics.gauges.conversationsSetAside = setAside.count
        metrics.gauges.openEffects = ledger.count
        metrics.gauges.queueDepth = queueDepth
        metrics.gauges.parked = parkedCount
        metrics.gauges.conversationsCached = conversations.count
        metrics.gauges.outboxLag = Int(outboxLag)
    }

    private func listedPending() throws(JournalError) -> [Position] {
        var positions: [Position] = []
        while true {
            let page = try journal.pending(after: positions.last ?? .start, limit: Self.recoveryPage)
            if page.isEmpty { return positions }
            positions += page
        }
    }

    private func storedEffects() throws(JournalError) -> [StoredEffect] {
        var rows: [StoredEffect] = []
        while true {
            let page = try journal.storedEffects(after: rows.last?.key, of: nil, limit: Self.recoveryPage)
            if page.isEmpty { return rows }
            rows += page
        }
    }

    /// Repeats what recording or applying did to the memory of the process that wrote this record.
    private func replay(_ record: JournalRecord, waiting: inout Set<Position>) throws(JournalError) {
        lastConversation = max(lastConversation, record.conversation.rawValue)
        switch record.content {
        case .signal(let signal):
            waiting.insert(record.position)
            recent.insert(IdentityHash.of(subject: signal.subject, id: signal.id), record.position)
        case .unreadable: waiting.insert(record.position)
        // Content is removed only behind the checkpoint, so this one does not wait.
        case .removed: break
        case .marker(let marker): waiting.remove(marker.appliedPosition)
        }
        guard let conversation = try find(record.conversation) else { return }
        if case .marker(let marker) = record.content {
            partitions[conversation.record.partition].restore(applyOrder: marker.applyOrder)
        }
        guard record.position > conversation.record.through else { return }
        conversation.isDirty = true
        guard !conversation.isSetAside else { return conversation.record.follow(record) }
        if let problem = try problem(with: record, in: conversation) {
            guard let reason = try rebuild(conversation, because: problem) else { return }
            try setAside(conversation, because: reason)
        } else {
            conversation.record.follow(record)
        }
    }

    /// Applies what a record says was applied.
    /// - Returns: why the record cannot be what follows in its conversation; nil when it is.
    private func problem(
        with record: JournalRecord, in conversation: ActiveConversation
    ) throws(JournalError) -> String? {
        guard record.previous == conversation.record.head, record.offset == conversation.record.offset + 1 else {
            return "record \(record.position) does not follow record \(conversation.record.head)"
        }
        if let damage = record.damage { return damage }
        guard case .marker(let marker) = record.content else { return nil }
        return try reapply(marker, in: conversation)
    }

    private func reapply(_ marker: Marker, in conversation: ActiveConversation) throws(JournalError) -> String? {
        guard let recorded = try journal.record(at: marker.appliedPosition)?.recordedSignal
        else { return "record \(marker.appliedPosition) was applied but cannot be read" }
        _ = conversation.record.core.apply(recorded, priority: marker.priority)
        guard conversation.record.core.state.digest == marker.digest else {
            return "replaying it gives another state than was recorded at record \(marker.appliedPosition) "
                + "(offset \(recorded.offset))"
        }
        return nil
    }

    /// The conversation with a number; nil where there is no row for it, which is told.
    private func find(_ id: ConversationID) throws(JournalError) -> ActiveConversation? {
        if let known = conversations.find(id: id) { return known }
        guard let saved = try journal.conversation(id: id) else {
            setAsideWithoutRow(id)
            return nil
        }
        return try admit(saved)
    }

    /// Hands the partitions what was recorded and not applied, in record order.
    private func enqueue(_ waiting: Set<Position>) throws(JournalError) {
        unqueued = waiting
        for (index, position) in unqueued.sorted().enumerated() {
            defer { unqueued.remove(position) }
            guard let record = try journal.record(at: position) else {
                logger.error("a pending record is missing; run convey verify", metadata: ["position": "\(position)"])
                continue
            }
            guard let conversation = try find(record.conversation) else { continue }
            guard let recorded = record.recordedSignal, record.damage == nil else {
                try setAside(conversation, because: record.damage ?? "record \(position) waits, but is a marker")
                continue
            }
            guard !conversation.isSetAside else {
                setAside[record.conversation]?.held += 1
                continue
            }
            schedule(recorded, in: conversation, cause: try status(of: recorded.signal.cause, in: conversation))
            if index >= settings.residentSignalLimit {
                partitions[conversation.record.partition].release(position)
            }
        }
    }

    /// Takes up the effects without an end: an answer that has begun before one that has not, then the oldest first.
    private func reopen(_ rows: [StoredEffect]) throws(JournalError) {
        var open: [OpenEffect] = []
        for row in rows {
            let effect: UnreadableEffect
            switch row {
            case .open(let readable):
                open.append(readable)
                continue
            case .unreadable(let unreadable): effect = unreadable
            }
            guard let conversation = try find(effect.conversation) else { continue }
            try setAside(conversation, because: "its open effect \(effect.key) cannot be read: \(effect.reason)")
        }
        func rank(_ effect: OpenEffect) -> Int { effect.round > 0 ? 0 : effect.attempt > 0 ? 1 : 2 }
        let ordered = open.sorted {
            (rank($0), $0.key.cause, $0.key.ordinal) < (rank($1), $1.key.cause, $1.key.ordinal)
        }
        for effect in ordered {
            guard let conversation = try find(effect.conversation), !conversation.isSetAside else { continue }
            var call: ToolCall?
            if effect.effectClass == .tool {
                call = try self.call(of: effect)
                guard call != nil else {
                    try setAside(
                        conversation,
                        because: "record \(effect.key.cause), which ordered \(effect.effectID), cannot be read")
                    continue
                }
            }
            // What was wrong with the policy was told when the effect was opened.
            let policy = (try? policy(of: effect, call: call)) ?? settings.effects.policy(of: effect.effectClass)
            var entry = EffectLedger.Entry(
                effect: effect, policy: policy,
                lastSignal: SignalReference(id: effect.causeID, position: effect.key.cause))
            entry.call = call
            entry.wasInterrupted = effect.effectClass != .timer && effect.attempt > 0 && effect.dueAt == nil
            ledger.open(entry, due: effect.dueAt.map(monotonic), isTurnHeld: conversation.isTurnHeld)
        }
    }

    /// The call that a tool's effect was opened for.
    private func call(of effect: OpenEffect) throws(JournalError) -> ToolCall? {
        guard case .signal(let cause)? = try record(at: effect.key.cause)?.content else { return nil }
        let calls = ToolCall.list(JSONObjectView(cause.data)?["tool_calls"])
        guard calls.indices.contains(effect.key.ordinal) else { return nil }
        return calls[effect.key.ordinal]
    }
}
