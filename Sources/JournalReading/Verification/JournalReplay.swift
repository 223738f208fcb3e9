import Conversation
import JournalPort
import Signals

/// Repeats the engine's changes to its memory, record by record, and compares the result with everything that the
/// journal says: places, chains, markers, digests, causes, effects, pending signals, saved conversations.
///
/// The input is all records of some conversations, in record order. Those conversations, the signals that wait to be
/// applied and the effects open at one moment bound the memory, not the number of records.
struct JournalReplay {
    enum Scope {
        /// All conversations of some partitions: apply orders must have no gaps.
        case partitions
        /// Only some of a partition's conversations.
        case conversations
    }

    let scope: Scope
    private let journal: VerificationReader
    /// The journal's other tables, as of the last record of the input.
    private let point: RecoveryPoint
    private let ids: DerivedIDs
    private var conversations: [ConversationID: ConversationRecord] = [:]
    /// As saved, until the replay reaches their `through`.
    private var saved: [ConversationID: ConversationRecord] = [:]
    private var incomplete = IncompleteConversations()
    private var recorded: SignalReplay
    private var effects: EffectReplay
    private var outputs = OrderedOutputs()
    private var applyOrders: ApplyOrderReplay
    private var isBehindCheckpoint = false
    /// The first record that has changed. Reported at the end, because its consequences reveal more about it.
    private var changed: JournalDifference?
    private(set) var signals = 0
    private(set) var markers = 0
    private(set) var removed = 0
    /// Positions that were skipped because their records were deleted.
    private(set) var deleted = 0

    init(scope: Scope, journal: VerificationReader, point: RecoveryPoint) {
        self.scope = scope
        self.journal = journal
        self.point = point
        ids = DerivedIDs(journal.source.shard.tag)
        recorded = SignalReplay(journal: journal, ids: ids)
        effects = EffectReplay(ids: ids)
        applyOrders = ApplyOrderReplay(
            partitionCount: journal.source.partitionCount, seesAll: scope == .partitions)
    }

    var conversationCount: Int { conversations.count }

    /// Whether the conversation is replayed.
    func includes(_ id: ConversationID) -> Bool { conversations[id] != nil }

    /// Adds a conversation to the replay.
    /// - Parameter row: the saved conversation, not newer than the last record of the input.
    mutating func follow(_ row: ConversationRecord) throws(VerificationStop) {
        let partition = StableHash.partition(of: row.subject, count: journal.source.partitionCount)
        guard row.partition == partition else {
            throw .difference(
                JournalDifference(
                    .conversation, "it is saved in partition \(row.partition), but belongs to \(partition)",
                    subject: row.subject))
        }
        conversations[row.id] = ConversationRecord(id: row.id, subject: row.subject, partition: partition)
        if row.through > .start || row.damage != nil { saved[row.id] = row }
    }

    /// Skips deleted records.
    mutating func skip(_ count: Int) {
        deleted += count
        applyOrders.skip(count)
    }

    /// Processes the next record of a followed conversation.
    mutating func take(_ record: JournalRecord) throws(VerificationStop) {
        guard var conversation = conversations[record.conversation] else {
            preconditionFailure("record \(record.position) belongs to a conversation that is not followed")
        }
        if !isBehindCheckpoint, record.position > point.checkpoint { try passCheckpoint() }
        if let row = saved[record.conversation], row.damage == nil, record.position > row.through {
            try compare(conversation, with: row)
            saved[record.conversation] = nil
        }
        try begin(record, in: &conversation)
        do {
            try conversation.advance(to: record)
        } catch { throw .difference(error) }
        checkHash(of: record, conversation.subject)
        switch record.content {
        case .signal(let signal): try take(signal, of: record, conversation.subject)
        case .marker(let marker): try take(marker, of: record, in: &conversation)
        case .removed:
            removed += 1
            recorded.takeRemoved(record)
        case .unreadable(let reason, _):
            throw VerificationStop(.unreadable, reason, record, subject: conversation.subject)
        }
        conversations[record.conversation] = conversation
    }

    /// All records have been processed.
    mutating func finish() throws(VerificationStop) {
        if !isBehindCheckpoint { try passCheckpoint() }
        for row in saved.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) {
            guard let conversation = conversations[row.id] else { continue }
            try compare(conversation, with: row)
        }
        let only = scope == .conversations && conversations.count == 1 ? conversations.keys.first : nil
        try effects.compare(with: journal, through: point.lastPosition, of: only) { id in
            incomplete.contains(id) ? nil : conversations[id]?.subject
        }
        for lost in outputs.open where try !journal.isDeleted(lost.cause.position) {
            throw VerificationStop(
                .output, "\(lost.id) (\(lost.type)) was ordered and is not recorded", lost.cause,
                subject: conversations[lost.cause.conversation]?.subject)
        }
        if let changed { throw .difference(changed) }
    }

    // MARK: A record

    /// If the conversation's earlier records were deleted, it continues from this one.
    private mutating func begin(
        _ record: JournalRecord, in conversation: inout ConversationRecord
    ) throws(VerificationStop) {
        if record.previous != conversation.head, try journal.isDeleted(record.previous) {
            incomplete.begin(record, in: &conversation)
            forget(record.conversation)
        }
        incomplete.count(record, in: &conversation)
    }

    private mutating func checkHash(of record: JournalRecord, _ subject: String) {
        guard changed == nil, record.hash != record.computedHash else { return }
        changed = JournalDifference(
            .digest, "the record has changed since it was written: its time, or something else in it", record,
            subject: subject)
    }

    private mutating func take(
        _ signal: Signal, of record: JournalRecord, _ subject: String
    ) throws(VerificationStop) {
        signals += 1
        if let problem = Self.problem(withData: signal.data) {
            throw VerificationStop(.signal, problem, record, subject: subject)
        }
        if !incomplete.contains(record.conversation) {
            do {
                try effects.take(signal, of: record)
            } catch { throw .difference(error) }
            if let problem = outputs.take(signal, of: record) {
                throw VerificationStop(.output, problem, record, subject: subject)
            }
        }
        try recorded.take(signal, of: record)
    }

    private static func problem(withData data: [UInt8]) -> String? {
        do {
            return try JSONSlice(data).kind == .object ? nil : "its data is not a JSON object"
        } catch {
            return "its data cannot be read: \(error)"
        }
    }

    // MARK: An application

    private mutating func take(
        _ marker: Marker, of record: JournalRecord, in conversation: inout ConversationRecord
    ) throws(VerificationStop) {
        markers += 1
        let applied = try recorded.apply(marker, of: record, subject: conversation.subject)
        if let problem = applyOrders.take(marker.applyOrder, in: conversation.partition) {
            throw VerificationStop(.applyOrder, problem, record, subject: conversation.subject)
        }
        guard let applied else { return goOn(behind: marker, of: &conversation) }
        if case .removed = applied.content { forget(conversation.id) }
        if incomplete.contains(conversation.id) {
            guard incomplete.hasDigest(conversation.id) else { return goOn(behind: marker, of: &conversation) }
            let digest = conversation.core.state.digest(applying: applied.computedHash, priority: marker.priority)
            conversation.core.skip(to: digest)
            return try check(conversation, marker, applied, record)
        }
        try apply(applied, marker, of: record, in: &conversation)
    }

    private mutating func apply(
        _ applied: JournalRecord, _ marker: Marker, of record: JournalRecord,
        in conversation: inout ConversationRecord
    ) throws(VerificationStop) {
        guard let signal = applied.recordedSignal else {
            throw VerificationStop(
                .marker, "its signal cannot be read", record, subject: conversation.subject)
        }
        try recorded.checkCause(of: signal.signal, applied, in: conversation)
        let directives = conversation.core.apply(signal, priority: marker.priority)
        try check(conversation, marker, applied, record)
        take(directives, of: applied)
    }

    private func check(
        _ conversation: ConversationRecord, _ marker: Marker, _ applied: JournalRecord, _ record: JournalRecord
    ) throws(VerificationStop) {
        guard conversation.core.state.digest == marker.digest else {
            throw VerificationStop(
                .digest,
                "applying the record at position \(applied.position) (offset \(applied.offset)) gives a digest that differs from its "
                    + "marker's",
                record, subject: conversation.subject)
        }
    }

    private mutating func take(_ directives: [Directive], of applied: JournalRecord) {
        var outputCount = 0
        var effectCount = 0
        for directive in directives {
            switch directive {
            case .emitOutput(let output):
                outputs.insert(
                    OrderedOutputs.Order(
                        id: ids.output(of: applied.position, ordinal: outputCount), type: output.type, cause: applied))
                outputCount += 1
            case .startEffect(let start):
                effects.order(
                    EffectKey(cause: applied.position, ordinal: effectCount), start, of: applied.conversation)
                effectCount += 1
            case .emitAppliedMarker, .cancelEffects, .decide, .retryAnswer, .cancelEffect: break
            }
        }
    }

    /// The signal, or an earlier one, was deleted: adopts the digest unchecked.
    private mutating func goOn(behind marker: Marker, of conversation: inout ConversationRecord) {
        forget(conversation.id)
        incomplete.goOn(behind: marker, of: &conversation)
    }

    /// The state of a conversation can no longer be repeated.
    private mutating func forget(_ conversation: ConversationID) {
        guard incomplete.insert(conversation) else { return }
        effects.forget(conversation)
        outputs.forget(conversation)
    }

    // MARK: What is kept beside the records

    /// Compares the signals that wait at the checkpoint with the list from which a start-up would begin.
    private mutating func passCheckpoint() throws(VerificationStop) {
        isBehindCheckpoint = true
        try checkUnapplied()
        guard scope == .partitions else { return }
        try checkPendingList()
        try applyOrders.compare(with: point)
    }

    /// A signal that was not applied is pending or a dead letter.
    private func checkUnapplied() throws(VerificationStop) {
        for place in recorded.unapplied {
            if try journal.isPending(place.position) { continue }
            if try journal.isDeadLetter(place.position) { continue }
            // It may have been applied or re-driven during the verification.
            if try journal.hasGrown(place.conversation, since: point.lastPosition) { continue }
            throw .difference(
                JournalDifference(
                    .pending, "the signal is neither applied nor pending nor a dead letter",
                    subject: conversations[place.conversation]?.subject, position: place.position))
        }
    }

    /// A signal that a start-up would treat as pending was not applied.
    private func checkPendingList() throws(VerificationStop) {
        var last = Position.start
        while true {
            let page = try journal.pending(after: last)
            guard let newest = page.last else { return }
            last = newest
            for position in page where position <= point.checkpoint && !recorded.isWaiting(position) {
                guard let record = try journal.record(at: position) else {
                    throw .difference(
                        JournalDifference(
                            .pending, "it is listed as pending, but there is no record", position: position))
                }
                guard let subject = conversations[record.conversation]?.subject else { continue }
                throw VerificationStop(
                    .pending, "it is listed as pending, but was applied", record, subject: subject)
            }
        }
    }

    private func compare(
        _ replayed: ConversationRecord, with row: ConversationRecord
    ) throws(VerificationStop) {
        if let difference = row.damageDifference { throw .difference(difference) }
        if replayed.head != row.head, try journal.isDeleted(row.head) { return }
        var replayed = replayed
        do {
            try incomplete.complete(&replayed, from: row)
        } catch { throw .difference(error) }
        if let difference = row.difference(from: replayed) { throw .difference(difference) }
    }
}
