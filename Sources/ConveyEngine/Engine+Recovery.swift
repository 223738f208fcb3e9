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
        state.restore(point)

        let listed = try listedPending()
        var waiting = Set(listed)
        var position = point.checkpoint
        while true {
            let page = try journal.records(after: position, limit: Self.recoveryPage)
            let read = try readAlong(with: page)
            for record in page { try replay(record, read, waiting: &waiting) }
            guard let last = page.last else { break }
            position = last.position
        }
        for position in waiting where try journal.isDeadLetter(position) { waiting.remove(position) }
        state.pending = PendingChanges(from: listed, to: waiting)
        try enqueue(waiting, listed: Set(listed))
        try reopen(try storedEffects())
        state.measure()
        if let failure = state.transaction.failure { throw failure }
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

    /// What repeating a page of records needs.
    private struct Reads {
        var records: [Position: JournalRecord]
        var conversations: [ConversationID: ConversationRecord] = [:]
    }

    /// Reads the signals that a page's markers name, and its conversations, in one call. One after another they would be thousands of
    /// round trips to a journal behind a network, and nobody would work meanwhile.
    private func readAlong(with page: [JournalRecord]) throws(JournalError) -> Reads {
        var reads = Reads(records: Dictionary(page.map { ($0.position, $0) }) { first, _ in first })
        var conversations: Set<ConversationID> = []
        var lookup = JournalLookup()
        for record in page {
            if state.conversations.find(id: record.conversation) == nil { conversations.insert(record.conversation) }
            if case .marker(let marker) = record.content, reads.records[marker.appliedPosition] == nil {
                lookup.records.append(marker.appliedPosition)
            }
        }
        lookup.conversations = Array(conversations)
        guard !lookup.isEmpty else { return reads }
        let found = try journal.find(lookup)
        for (position, record) in zip(lookup.records, found.records) { reads.records[position] = record }
        for (id, row) in zip(lookup.conversations, found.conversations) { reads.conversations[id] = row }
        return reads
    }

    /// Repeats what recording or applying did to the memory of the process that wrote this record.
    private func replay(
        _ record: JournalRecord, _ reads: Reads, waiting: inout Set<Position>
    ) throws(JournalError) {
        state.lastConversation = max(state.lastConversation, record.conversation.rawValue)
        switch record.content {
        case .signal(let signal):
            waiting.insert(record.position)
            state.recent.insert(IdentityHash.of(subject: signal.subject, id: signal.id), record.position)
        case .unreadable: waiting.insert(record.position)
        // Content is removed only behind the checkpoint, so this one does not wait.
        case .removed: break
        case .marker(let marker): waiting.remove(marker.appliedPosition)
        }
        guard let conversation = try find(record.conversation, saved: reads.conversations[record.conversation]) else {
            return
        }
        if case .marker(let marker) = record.content {
            state.partitions[conversation.record.partition].restore(applyOrder: marker.applyOrder)
        }
        guard record.position > conversation.record.through else { return }
        conversation.isDirty = true
        guard !conversation.isSetAside else { return conversation.record.follow(record) }
        if let problem = problem(with: record, in: conversation, reads) {
            guard let reason = try rebuild(conversation, because: problem) else { return }
            state.setAside(conversation, because: reason)
        } else {
            conversation.record.follow(record)
        }
    }

    /// Applies what a record says was applied.
    /// - Returns: why the record cannot be what follows in its conversation; nil when it is.
    private func problem(
        with record: JournalRecord, in conversation: ActiveConversation, _ reads: Reads
    ) -> String? {
        guard record.previous == conversation.record.head, record.offset == conversation.record.offset + 1 else {
            return "record \(record.position) does not follow record \(conversation.record.head)"
        }
        if let damage = record.damage { return damage }
        guard case .marker(let marker) = record.content else { return nil }
        return reapply(marker, in: conversation, reads)
    }

    private func reapply(_ marker: Marker, in conversation: ActiveConversation, _ reads: Reads) -> String? {
        guard let recorded = reads.records[marker.appliedPosition]?.recordedSignal
        else { return "record \(marker.appliedPosition) was applied but cannot be read" }
        _ = conversation.record.core.apply(recorded, priority: marker.priority)
        guard conversation.record.core.state.digest == marker.digest else {
            return "replaying it gives another state than was recorded at record \(marker.appliedPosition) "
                + "(offset \(recorded.offset))"
        }
        return nil
    }

    /// The conversation with a number; nil where there is no row for it, which is told.
    /// - Parameter saved: its row, where that was read already.
    private func find(
        _ id: ConversationID, saved: ConversationRecord? = nil
    ) throws(JournalError) -> ActiveConversation? {
        if let known = state.conversations.find(id: id) { return known }
        var row = saved
        if row == nil { row = try journal.conversation(id: id) }
        guard let row else {
            state.setAsideWithoutRow(id)
            return nil
        }
        return try admit(row)
    }

    /// Makes a conversation in memory anew, when its records after the last checkpoint do not fit what is saved of it.
    /// - Returns: why that is not possible; nil when it was.
    private func rebuild(
        _ conversation: ActiveConversation, because problem: String
    ) throws(JournalError) -> String? {
        var row = conversation.record
        row.damage = .changed(problem)
        switch try ConversationRebuild(journal).rebuild(row, last: state.transaction.committed) {
        case .success(let record):
            conversation.record = record
            state.noteRebuilt(conversation, because: problem)
            return nil
        case .failure(let failure):
            conversation.record = failure.counters
            return failure.reason
        }
    }

    /// Pending signals whose causes are looked up together.
    private static let pendingPage = 256

    /// Hands the partitions what was recorded and not applied, in record order.
    /// - Parameter listed: what is listed as pending; re-driven dead letters are.
    private func enqueue(_ waiting: Set<Position>, listed: Set<Position>) throws(JournalError) {
        state.unqueued = waiting
        let ordered = waiting.sorted()
        var next = 0
        while next < ordered.count {
            let page = ordered[next..<min(next + Self.pendingPage, ordered.count)]
            try fetchCauses(of: page, listed: listed)
            for (index, position) in zip(page.indices, page) {
                try enqueue(position, releasing: index >= state.settings.residentSignalLimit)
                state.unqueued.remove(position)
            }
            next += page.count
        }
        state.transaction.fetched = Fetched()
    }

    private func fetchCauses(of page: ArraySlice<Position>, listed: Set<Position>) throws(JournalError) {
        state.transaction.fetched = Fetched()
        var records = LookupRound()
        for position in page { records.want(record: position, state) }
        try fetch(records)
        while true {
            var causes = LookupRound()
            for position in page {
                guard case .signal(let signal)? = state.transaction.record(at: position)?.content else { continue }
                causes.want(signal.cause, of: signal.subject, state)
                guard listed.contains(position) else { continue }
                let notice = state.ids.deadLetter(position)
                causes.want(identity: IdentityHash.of(subject: signal.subject, id: notice), state)
            }
            guard !causes.isEmpty else { return }
            try fetch(causes)
        }
    }

    private func enqueue(_ position: Position, releasing: Bool) throws(JournalError) {
        guard let record = state.transaction.record(at: position) else {
            return state.logger.error(
                "a pending record is missing; run convey verify", metadata: ["position": "\(position)"])
        }
        guard let conversation = try find(record.conversation) else { return }
        guard let recorded = record.recordedSignal, record.damage == nil else {
            return state.setAside(
                conversation, because: record.damage ?? "record \(position) waits, but is a marker")
        }
        guard !conversation.isSetAside else {
            state.setAside[record.conversation]?.held += 1
            return
        }
        state.takeUp(recorded, in: conversation)
        if releasing { state.partitions[conversation.record.partition].release(position) }
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
            state.setAside(conversation, because: "its open effect \(effect.key) cannot be read: \(effect.reason)")
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
                    state.setAside(
                        conversation,
                        because: "record \(effect.key.cause), which ordered \(effect.effectID), cannot be read")
                    continue
                }
            }
            // What was wrong with the policy was told when the effect was opened.
            let policy =
                (try? state.policy(of: effect, call: call)) ?? state.settings.effects.policy(of: effect.effectClass)
            var entry = EffectLedger.Entry(
                effect: effect, policy: policy,
                lastSignal: SignalReference(id: effect.causeID, position: effect.key.cause))
            entry.call = call
            entry.wasInterrupted = effect.effectClass != .timer && effect.attempt > 0 && effect.dueAt == nil
            if entry.wasInterrupted, effect.effectClass == .llm { entry.text = .recorded }
            state.ledger.open(entry, due: effect.dueAt.map(state.monotonic), isTurnHeld: conversation.isTurnHeld)
        }
    }

    /// The call that a tool's effect was opened for.
    private func call(of effect: OpenEffect) throws(JournalError) -> ToolCall? {
        guard case .signal(let cause)? = try journal.record(at: effect.key.cause)?.content else { return nil }
        let calls = ToolCall.list(JSONObjectView(cause.data)?["tool_calls"])
        guard calls.indices.contains(effect.key.ordinal) else { return nil }
        return calls[effect.key.ordinal]
    }
}
