import EffectPort
import Conversation
import JournalPort
import Signals

/// Rebuilds the state after the last commit.
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

    /// The rows that replaying a page of records needs.
    private struct Reads {
        var records: [Position: JournalRecord]
        var conversations: [ConversationID: ConversationRecord] = [:]
    }

    /// Reads the signals that a page's markers name, and the page's conversations, in one call. Single reads would be
    /// thousands of round trips to a journal behind a network, and the shard would be idle meanwhile.
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

    /// Repeats the changes that recording or applying made in the memory of the process that wrote this record.
    private func replay(
        _ record: JournalRecord, _ reads: Reads, waiting: inout Set<Position>
    ) throws(JournalError) {
        state.lastConversation = max(state.lastConversation, record.conversation.rawValue)
        switch record.content {
        case .signal(let signal):
            waiting.insert(record.position)
            state.recent.insert(IdentityHash.of(subject: signal.subject, id: signal.id), record.position)
        case .unreadable: waiting.insert(record.position)
        // Content is removed only before the checkpoint, so this record does not wait.
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

    /// Applies the application that a record describes.
    /// - Returns: why the record cannot come next in its conversation; nil if it can.
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
            return "replaying it gives a state that differs from that of record \(marker.appliedPosition) "
                + "(offset \(recorded.offset))"
        }
        return nil
    }

    /// The conversation with a number; nil, with a report, if it has no row.
    /// - Parameter saved: its row, if it has been read already.
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

    /// Rebuilds a conversation in memory if its records after the last checkpoint do not match its saved state.
    /// - Returns: why this is impossible; nil if it was done.
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

    /// Gives the partitions the signals that were recorded and not applied, in record order.
    /// - Parameter listed: the signals listed as pending; re-driven dead letters are listed.
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
                "a pending record is missing; run convey verify",
                metadata: ["position": .stringConvertible(position.rawValue)])
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

    /// Reopens the effects without an end: answers that have begun before others, then the oldest first.
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
        func rank(_ effect: OpenEffect) -> Int { effect.round > 0 && !effect.isRetry ? 0 : effect.attempt > 0 ? 1 : 2 }
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
            // Errors of the policy were reported when the effect was opened.
            let policy =
                (try? state.policy(of: effect, call: call)) ?? state.settings.effects.policy(of: effect.effectClass)
            var entry = EffectLedger.Entry(
                effect: effect, policy: policy,
                lastSignal: SignalReference(id: effect.causeID, position: effect.key.cause))
            entry.call = call
            if call != nil, !effect.awaitsApproval,
                let decided = try find(state.ids.toolDecided(effect.key), of: effect),
                let arguments = ToolVerdict.editedArguments(decided.data)
            {
                entry.edit(arguments)
            }
            entry.wasInterrupted = effect.effectClass != .timer && effect.attempt > 0 && effect.dueAt == nil
            if entry.wasInterrupted, effect.effectClass == .llm { entry.text = .recorded }
            if effect.effectClass != .timer, effect.attempt > 0 { try restoreWait(of: &entry) }
            state.ledger.open(entry, due: effect.dueAt.map(state.monotonic), isTurnHeld: conversation.isTurnHeld)
        }
    }

    /// Failed attempts are looked for so far back: with more interruptions the effect fails anyway.
    private static let interruptionLimit = 32

    /// Takes up what the effect has waited for before, as its newest failed attempt tells it.
    private func restoreWait(of entry: inout EffectLedger.Entry) throws(JournalError) {
        let effect = entry.effect
        let newest = effect.attempt
        for attempt in stride(from: newest, through: max(1, newest - Self.interruptionLimit), by: -1) {
            guard let failed = try find(state.ids.attemptFailed(effect.key, attempt: attempt), of: effect) else {
                entry.interruptions += 1
                continue
            }
            let wait = RecordedWait(failed.data)
            entry.interruptions += wait.interruptions
            entry.failingSince = wait.since
            entry.outage = wait.outage.map {
                EffectOutage(attempts: $0.attempts, spent: $0.spent, now: state.transaction.time.monotonic)
            }
            return
        }
    }

    /// A signal about an effect that Convey has recorded under an id of its own.
    private func find(_ id: String, of effect: OpenEffect) throws(JournalError) -> Signal? {
        let hash = IdentityHash.of(subject: effect.subject, id: id)
        for position in state.recent.positions(hash) + (try journal.positions(identity: hash)) {
            guard case .signal(let signal)? = try journal.record(at: position)?.content else { continue }
            if signal.id == id, signal.source == DerivedSource.effects, signal.subject == effect.subject {
                return signal
            }
        }
        return nil
    }

    /// The call that a tool's effect was opened for.
    private func call(of effect: OpenEffect) throws(JournalError) -> ToolCall? {
        guard case .signal(let cause)? = try journal.record(at: effect.key.cause)?.content else { return nil }
        let calls = ToolCall.list(JSONObjectView(cause.data)?["tool_calls"])
        guard calls.indices.contains(effect.key.ordinal) else { return nil }
        return calls[effect.key.ordinal]
    }
}
