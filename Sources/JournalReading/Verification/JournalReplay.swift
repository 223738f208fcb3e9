import Conversation
import JournalPort
import Signals

/// Repeats what the engine did to its memory, record by record, and compares all that the journal says about it: places,
/// chains, markers, digests, causes, effects, pending signals, saved conversations.
///
/// Fed with all records of some conversations, in record order. What it keeps is bounded by those conversations, by what
/// waits to be applied and by what is open at one moment, not by the number of records.
struct JournalReplay {
    enum Scope {
        /// All conversations of some partitions: applications are counted without gaps.
        case partitions
        /// Only some of a partition's conversations.
        case conversations
    }

    /// Rows read at a time.
    private static let page = 1_000

    let scope: Scope
    private let source: any VerifiableJournal
    /// The journal's other tables, as of the last record that will come.
    private let point: RecoveryPoint
    private var conversations: [ConversationID: ConversationRecord] = [:]
    /// As saved, until the replay has come to their `through`.
    private var saved: [ConversationID: ConversationRecord] = [:]
    private var waiting = WaitingRecords()
    private var identities = RecentIdentities()
    private var effects: EffectReplay
    /// Outputs that an application has ordered and that are not recorded yet: id to type.
    private var ordered: [String: (type: String, cause: JournalRecord)] = [:]
    private let ids: DerivedIDs
    private var applyOrders: [Int64]
    private var isBehindCheckpoint = false
    /// Conversations from which records or contents were removed that their state depends on: of these, places, hashes and digests are
    /// checked, but not what follows from the contents.
    private var incomplete: Set<ConversationID> = []
    /// Those of them whose first records were deleted.
    private var beginnings: [ConversationID: DeletedBeginning] = [:]
    /// The first record that is not what was recorded. Told at the end: what follows from the change tells more of it.
    private var changed: JournalDifference?
    private(set) var signals = 0
    private(set) var markers = 0
    private(set) var removed = 0
    /// Positions that were passed over, because their records were deleted.
    private(set) var deleted = 0
    /// How many applications may be missing among those.
    private var unseenApplications: Int64 = 0

    init(scope: Scope, source: any VerifiableJournal, point: RecoveryPoint) {
        self.scope = scope
        self.source = source
        self.point = point
        ids = DerivedIDs(source.shard.tag)
        effects = EffectReplay(ids: ids)
        applyOrders = Array(repeating: 0, count: source.partitionCount)
    }

    var conversationCount: Int { conversations.count }

    /// Whether the conversation is one of those that are replayed.
    func includes(_ id: ConversationID) -> Bool { conversations[id] != nil }

    /// Adds a conversation to those that are replayed.
    /// - Parameter row: as it is saved; not newer than the last record that will come.
    mutating func follow(_ row: ConversationRecord) throws(VerificationStop) {
        let partition = StableHash.partition(of: row.subject, count: source.partitionCount)
        guard row.partition == partition else {
            throw .difference(
                JournalDifference(
                    .conversation, "it is saved in partition \(row.partition), but belongs to \(partition)",
                    subject: row.subject))
        }
        conversations[row.id] = ConversationRecord(id: row.id, subject: row.subject, partition: partition)
        if row.through > .start || row.damage != nil { saved[row.id] = row }
    }

    /// Passes over records that were deleted.
    mutating func skip(_ count: Int) {
        deleted += count
        unseenApplications += Int64(count)
    }

    /// Takes the next record of a conversation that is followed.
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
            try place(record, in: &conversation)
        } catch { throw .difference(error) }
        checkHash(of: record)
        switch record.content {
        case .signal(let signal): try take(signal, of: record)
        case .marker(let marker): try take(marker, of: record, in: &conversation)
        case .removed:
            removed += 1
            waiting.insert(record)
        case .unreadable(let reason, _): throw difference(.unreadable, reason, record)
        }
        conversations[record.conversation] = conversation
    }

    /// All records have been taken.
    mutating func finish() throws(VerificationStop) {
        if !isBehindCheckpoint { try passCheckpoint() }
        for row in saved.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) {
            guard let conversation = conversations[row.id] else { continue }
            try compare(conversation, with: row)
        }
        try compareEffects()
        for (id, lost) in ordered.sorted(by: { $0.value.cause.position < $1.value.cause.position })
        where try !isDeleted(lost.cause.position) {
            throw difference(.output, "\(id) (\(lost.type)) was ordered and is not recorded", lost.cause)
        }
        if let changed { throw .difference(changed) }
    }

    // MARK: One record

    private func difference(
        _ kind: JournalDifference.Kind, _ message: String, _ record: JournalRecord
    ) -> VerificationStop {
        let subject = conversations[record.conversation]?.subject
        return .difference(JournalDifference(kind, message, record, subject: subject))
    }

    /// Where the conversation's records before this one were deleted, it goes on from what this one says.
    private mutating func begin(
        _ record: JournalRecord, in conversation: inout ConversationRecord
    ) throws(VerificationStop) {
        if record.previous != conversation.head, try isDeleted(record.previous) {
            beginnings[record.conversation, default: DeletedBeginning()].begin(record, in: &conversation)
            forget(record.conversation)
        }
        beginnings[record.conversation]?.count(record, in: &conversation)
    }

    private func place(
        _ record: JournalRecord, in conversation: inout ConversationRecord
    ) throws(JournalDifference) {
        let subject = conversation.subject
        guard let family = record.family else {
            throw JournalDifference(.signal, "its type is of no family", record, subject: subject)
        }
        let place = conversation.advance(to: record.position, family: family)
        guard record.offset == place.offset else {
            throw JournalDifference(
                .offset, "the offset is \(record.offset), but the one before it is \(place.offset - 1)", record,
                subject: subject)
        }
        guard record.previous == place.previous else {
            throw JournalDifference(
                .chain,
                "it says that the record before it is at position \(record.previous), but that is at \(place.previous)",
                record, subject: subject)
        }
        guard record.sequence == place.sequence else {
            throw JournalDifference(
                .sequence,
                "the \(family.name) sequence is \(record.sequence), but the one before it is \(place.sequence - 1)",
                record, subject: subject)
        }
    }

    private mutating func checkHash(of record: JournalRecord) {
        guard changed == nil, record.hash != record.computedHash else { return }
        changed = JournalDifference(
            .digest, "the record is not what was recorded: its time, or something else in it, has changed", record,
            subject: conversations[record.conversation]?.subject)
    }

    private mutating func take(_ signal: Signal, of record: JournalRecord) throws(VerificationStop) {
        signals += 1
        if let problem = Self.problem(withData: signal.data) { throw difference(.signal, problem, record) }
        identities.insert(IdentityHash.of(subject: signal.subject, id: signal.id), record.position)
        if incomplete.contains(record.conversation) { return try insertWaiting(record) }
        do {
            try effects.take(signal, of: record)
        } catch { throw .difference(error) }
        if signal.source == DerivedSource.projections, let order = ordered.removeValue(forKey: signal.id) {
            guard order.type == signal.type, order.cause.conversation == record.conversation else {
                throw difference(.output, "it should be \(order.type), but is \(signal.type)", record)
            }
        }
        try insertWaiting(record)
    }

    private mutating func insertWaiting(_ record: JournalRecord) throws(VerificationStop) {
        waiting.insert(record)
        guard waiting.isPruneDue else { return }
        var dead: [Position] = []
        for place in waiting.places where try isDeadLetter(place.position) { dead.append(place.position) }
        waiting.forget(dead)
    }

    private static func problem(withData data: [UInt8]) -> String? {
        do {
            return try JSONSlice(data).kind == .object ? nil : "its data is no JSON object"
        } catch {
            return "its data cannot be read: \(error)"
        }
    }

    private mutating func take(
        _ marker: Marker, of record: JournalRecord, in conversation: inout ConversationRecord
    ) throws(VerificationStop) {
        markers += 1
        let partition = conversation.partition
        let order = applyOrders[partition]
        let waits = waiting.remove(marker.appliedPosition, of: record.conversation)
        if waits == nil, try !isDeleted(marker.appliedPosition) {
            throw difference(.marker, try problem(with: marker, of: record), record)
        }
        guard marker.applyOrder > order, scope == .conversations || marker.applyOrder - order - 1 <= unseenApplications
        else {
            throw difference(
                .applyOrder, "its apply order is \(marker.applyOrder) in partition \(partition), behind \(order)",
                record)
        }
        unseenApplications -= scope == .conversations ? 0 : marker.applyOrder - order - 1
        applyOrders[partition] = marker.applyOrder
        guard let waited = waits else { return goOn(behind: marker, of: &conversation) }
        let applied: JournalRecord
        if let waited {
            applied = waited
        } else {
            guard let read = try read(marker.appliedPosition) else {
                throw difference(.marker, "the signal it is about cannot be read", record)
            }
            applied = read
        }
        if case .removed = applied.content { forget(record.conversation) }
        if incomplete.contains(record.conversation) {
            if beginnings[record.conversation]?.hasDigest == false {
                return goOn(behind: marker, of: &conversation)
            }
            let digest = conversation.core.state.digest(applying: applied.computedHash, priority: marker.priority)
            conversation.core.skip(to: digest)
            return try check(conversation, marker, applied, record)
        }
        guard let recorded = applied.recordedSignal else {
            throw difference(.marker, "the signal it is about cannot be read", record)
        }
        let signal = recorded.signal
        try checkCause(of: signal, applied)

        let directives = conversation.core.apply(recorded, priority: marker.priority)
        try check(conversation, marker, applied, record)
        take(directives, of: applied)
    }

    private func check(
        _ conversation: ConversationRecord, _ marker: Marker, _ applied: JournalRecord, _ record: JournalRecord
    ) throws(VerificationStop) {
        guard conversation.core.state.digest == marker.digest else {
            throw difference(
                .digest,
                "applying the record at position \(applied.position) (offset \(applied.offset)) gives another digest than its "
                    + "marker says",
                record)
        }
    }

    /// The signal, or what was applied before it, was deleted: the digest is taken as it is.
    private mutating func goOn(behind marker: Marker, of conversation: inout ConversationRecord) {
        forget(conversation.id)
        beginnings[conversation.id, default: DeletedBeginning()].hasDigest = true
        conversation.core.skip(to: marker.digest)
    }

    /// The state of a conversation cannot be repeated any more.
    private mutating func forget(_ conversation: ConversationID) {
        guard incomplete.insert(conversation).inserted else { return }
        effects.forget(conversation)
        for (id, order) in ordered where order.cause.conversation == conversation { ordered[id] = nil }
    }

    private mutating func take(_ directives: [Directive], of applied: JournalRecord) {
        var outputs = 0
        var effectCount = 0
        for directive in directives {
            switch directive {
            case .emitOutput(let output):
                ordered[ids.output(of: applied.position, ordinal: outputs)] = (output.type, applied)
                outputs += 1
            case .startEffect(let start):
                effects.order(
                    EffectKey(cause: applied.position, ordinal: effectCount), start, of: applied.conversation)
                effectCount += 1
            case .emitAppliedMarker, .cancelEffects, .decide, .cancelEffect: break
            }
        }
    }

    /// Why a marker's signal does not wait.
    private func problem(with marker: Marker, of record: JournalRecord) throws(VerificationStop) -> String {
        let position = marker.appliedPosition
        guard position < record.position else { return "it is about position \(position), which comes later" }
        guard let target = try read(position) else { return "it is about position \(position), which does not exist" }
        if case .marker = target.content { return "it is about another marker, at \(position)" }
        guard target.conversation == record.conversation else {
            return "it is about the signal at position \(position), which belongs to another conversation"
        }
        return "the signal at position \(position) was applied before: this is a second marker for it"
    }

    private func checkCause(of signal: Signal, _ record: JournalRecord) throws(VerificationStop) {
        guard case .signal(let id) = signal.cause else {
            guard signal.cause == .none else {
                throw difference(.cause, "\(signal.id) was applied, but its cause can never be satisfied", record)
            }
            return
        }
        if let position = ids.appliedPosition(marker: id), try isApplied(position, in: record.conversation) {
            return
        }
        let hash = IdentityHash.of(subject: signal.subject, id: id)
        for position in identities.positions(hash) where waitsNot(position) {
            if try isApplied(position, in: record.conversation, id: id) { return }
        }
        for position in try positions(hash) {
            if try isApplied(position, in: record.conversation, id: id) { return }
        }
        throw difference(.cause, "\(signal.id) was applied before its cause \(id)", record)
    }

    private func waitsNot(_ position: Position) -> Bool { !waiting.contains(position) }

    /// Whether the record at `position` is a signal of the conversation that has been applied by now.
    private func isApplied(
        _ position: Position, in conversation: ConversationID, id: String? = nil
    ) throws(VerificationStop) -> Bool {
        guard let current = conversations[conversation], position <= current.head, waitsNot(position),
            let record = try read(position), record.conversation == conversation,
            case .signal(let signal) = record.content
        else { return false }
        return id.map { ExactText($0) == ExactText(signal.id) } ?? true
    }

    // MARK: What is kept beside the records

    /// Compares what waits at the checkpoint with the list that a start-up would begin with.
    private mutating func passCheckpoint() throws(VerificationStop) {
        isBehindCheckpoint = true
        for record in waiting.places {
            if try isListedAsPending(record.position) { continue }
            if try isDeadLetter(record.position) { continue }
            // It may have been applied or re-driven while this ran.
            if try hasGrown(record.conversation) { continue }
            throw .difference(
                JournalDifference(
                    .pending, "the signal is not applied, not pending and no dead letter",
                    subject: conversations[record.conversation]?.subject, position: record.position))
        }
        guard scope == .partitions else { return }
        try checkPendingList()
        for (partition, order) in applyOrders.enumerated()
        where order > 0 && !(0...unseenApplications).contains(point.applyOrders[partition] - order) {
            throw .difference(
                JournalDifference(
                    .applyOrder,
                    "partition \(partition) is saved with apply order \(point.applyOrders[partition]) at position "
                        + "\(point.checkpoint), but has come to \(order) there"))
        }
    }

    /// What a start-up would take for pending was not applied.
    private func checkPendingList() throws(VerificationStop) {
        var last = Position.start
        while true {
            let page = try reading("the pending signals") { () throws(JournalError) in
                try source.pending(after: last, limit: Self.page)
            }
            guard let newest = page.last else { return }
            last = newest
            for position in page where position <= point.checkpoint && waitsNot(position) {
                guard let record = try read(position) else {
                    throw .difference(
                        JournalDifference(
                            .pending, "it is listed as pending, but there is no record", position: position))
                }
                guard includes(record.conversation) else { continue }
                throw difference(.pending, "it is listed as pending, but was applied", record)
            }
        }
    }

    /// Compares the effects without an end with the journal's rows. The rows are read page by page and may be newer than the last record
    /// that was replayed, so a conversation that has grown meanwhile is not judged.
    private func compareEffects() throws(VerificationStop) {
        var unlisted = effects.open
        var last: EffectKey?
        while true {
            let page = try reading("the open effects") { () throws(JournalError) in
                try source.storedEffects(after: last, of: onlyConversation, limit: Self.page)
            }
            guard let newest = page.last else { break }
            last = newest.key
            for row in page where includes(row.conversation) && !incomplete.contains(row.conversation) {
                let isExpected = unlisted.removeValue(forKey: row.key) != nil
                if case .open = row, isExpected { continue }
                if try hasGrown(row.conversation) { continue }
                let problem =
                    switch row {
                    case .unreadable(let effect): "open effect \(effect.key) cannot be read: \(effect.reason)"
                    case .open(let effect): "effect \(effect.key) is open, but no record orders it, or one ends it"
                    }
                throw .difference(
                    JournalDifference(
                        .effect, problem, subject: conversations[row.conversation]?.subject,
                        position: row.key.cause))
            }
        }
        for (key, conversation) in unlisted.sorted(by: {
            ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal)
        })
        where try !hasGrown(conversation) {
            if try isDeleted(key.cause) { continue }
            throw .difference(
                JournalDifference(
                    .effect, "effect \(key) has no completed, failed or canceled signal and is not open either",
                    subject: conversations[conversation]?.subject, position: key.cause))
        }
    }

    /// The conversation that is replayed, where it is one.
    private var onlyConversation: ConversationID? {
        guard scope == .conversations, conversations.count == 1 else { return nil }
        return conversations.keys.first
    }

    /// Whether a conversation has records behind the last one that is replayed.
    private func hasGrown(_ conversation: ConversationID) throws(VerificationStop) -> Bool {
        let head = try reading("conversation \(conversation)") { () throws(JournalError) in
            try source.head(id: conversation)
        }
        return head.map { $0.position > point.lastPosition } ?? false
    }

    private func isListedAsPending(_ position: Position) throws(VerificationStop) -> Bool {
        try reading("the pending signals") { () throws(JournalError) in try source.isPending(position) }
    }

    private func compare(
        _ replayed: ConversationRecord, with row: ConversationRecord
    ) throws(VerificationStop) {
        if let damage = row.damage { throw .difference(Self.difference(damage, of: row)) }
        var replayed = replayed
        replayed.through = row.through
        if replayed.head != row.head, try isDeleted(row.head) { return }
        if incomplete.contains(row.id) {
            beginnings[row.id]?.complete(&replayed, from: row)
            guard replayed.core.state.digest == row.core.state.digest else {
                throw .difference(
                    JournalDifference(
                        .savedConversation,
                        "it is saved as of position \(row.through) with another digest than replay gives",
                        subject: row.subject))
            }
            replayed.core = row.core
        }
        guard replayed != row else { return }
        let what: String
        if replayed.head != row.head {
            what = "head \(row.head), but replay gives \(replayed.head)"
        } else if replayed.offset != row.offset {
            what = "offset \(row.offset), but replay gives \(replayed.offset)"
        } else if replayed.sequences != row.sequences {
            what = "sequences \(row.sequences), but replay gives \(replayed.sequences)"
        } else if replayed.core.canceledThrough != row.core.canceledThrough {
            what =
                "canceled_through \(row.core.canceledThrough), but replay gives \(replayed.core.canceledThrough)"
        } else if replayed.core.configured != row.core.configured {
            what = "another newest configuration than replay gives"
        } else {
            what = "a state that replay does not give"
        }
        throw .difference(
            JournalDifference(
                .savedConversation, "it is saved as of position \(row.through) with \(what)", subject: row.subject))
    }

    private static func difference(
        _ damage: ConversationRecord.Damage, of row: ConversationRecord
    ) -> JournalDifference {
        switch damage {
        case .unreadable(let reason), .changed(let reason):
            JournalDifference(.savedConversation, reason, subject: row.subject)
        case .setAside(let reason):
            JournalDifference(.savedConversation, "Convey has set it aside: \(reason)", subject: row.subject)
        }
    }

    // MARK: Reading

    private func reading<Value>(
        _ what: String, _ body: () throws(JournalError) -> Value
    ) throws(VerificationStop) -> Value {
        do { return try body() } catch { throw VerificationStop(error, reading: what) }
    }

    private func read(_ position: Position) throws(VerificationStop) -> JournalRecord? {
        try reading("position \(position)") { () throws(JournalError) in try source.record(at: position) }
    }

    private func positions(_ hash: UInt64) throws(VerificationStop) -> [Position] {
        try reading("the identity index") { () throws(JournalError) in try source.positions(identity: hash) }
    }

    private func isDeleted(_ position: Position) throws(VerificationStop) -> Bool {
        guard position > .start else { return false }
        return try reading("the deleted positions") { () throws(JournalError) in
            try source.deletedPositions(around: position) != nil
        }
    }

    private func isDeadLetter(_ position: Position) throws(VerificationStop) -> Bool {
        try reading("the dead letters") { () throws(JournalError) in try source.isDeadLetter(position) }
    }
}
