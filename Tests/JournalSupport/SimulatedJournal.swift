import Conversation
import JournalPort
import Signals

/// The data that survive a crash of the simulated process.
public final class SimulatedDisk {
    public fileprivate(set) var records: [JournalRecord] = []
    /// As saved: the state as bytes, as every journal writes it.
    private var rows: [Int64: (counters: ConversationRecord, state: [UInt8])] = [:]
    /// Conversations whose saved form did not read back equal.
    public private(set) var misreadConversations: [ConversationRecord] = []
    public fileprivate(set) var identities: [UInt64: [Position]] = [:]
    public fileprivate(set) var effects: [EffectKey: OpenEffect] = [:]
    public fileprivate(set) var deadLetters: [Position: DeadLetter] = [:]
    public fileprivate(set) var pending: [Position] = []
    public fileprivate(set) var applyOrders: [Int64]
    public fileprivate(set) var checkpoint = Position.start
    public fileprivate(set) var outboxCursor = Position.start
    public let partitionCount: Int
    public let shard: Shard
    /// Grows with each takeover.
    fileprivate var epoch: Int64 = 1
    /// A commit whose node has given up waiting for the answer. It becomes visible later, or never.
    fileprivate var underWay: JournalBatch?

    /// The tag of a disk without another one.
    public static let tag = "sim22"

    /// - Parameter tag: five characters of base 32.
    public init(partitionCount: Int, shard: Int = 0, of shards: Int = 1, tag: String = SimulatedDisk.tag) {
        guard let tag = ShardTag(tag) else { preconditionFailure("\(tag) is no tag of a shard") }
        self.partitionCount = partitionCount
        self.shard = Shard(index: shard, count: shards, tag: tag)
        applyOrders = Array(repeating: 0, count: partitionCount)
    }

    /// Every conversation, read back from its bytes.
    public var conversations: [Int64: ConversationRecord] { rows.mapValues(Self.read) }
    var lastConversation: Int64 { rows.keys.max() ?? 0 }

    func conversation(id: ConversationID) -> ConversationRecord? { rows[id.rawValue].map(Self.read) }

    /// Does not read the state: this is called for each published event.
    func subject(of id: ConversationID) -> String? { rows[id.rawValue]?.counters.subject }

    func conversation(subject: String) -> ConversationRecord? {
        rows.values.first { ExactText($0.counters.subject) == ExactText(subject) }.map(Self.read)
    }

    fileprivate func save(_ record: ConversationRecord) {
        var counters = record
        counters.core = ConversationCore(canceledThrough: record.core.canceledThrough)
        counters.damage = nil
        let row = (counters: counters, state: record.encodeSaved())
        rows[record.id.rawValue] = row
        if Self.read(row) != record { misreadConversations.append(record) }
    }

    private static func read(_ row: (counters: ConversationRecord, state: [UInt8])) -> ConversationRecord {
        var record = row.counters
        record.decodeSaved(row.state)
        return record
    }

    // MARK: Damage

    /// Changes the saved bytes of a conversation's state.
    public func damageState(of id: Int64, _ change: (inout [UInt8]) -> Void) {
        guard var row = rows[id] else { return }
        change(&row.state)
        rows[id] = row
    }

    /// Changes a record.
    public func damageRecord(at position: Position, _ change: (inout JournalRecord) -> Void) {
        change(&records[Int(position.rawValue) - 1])
    }

    /// Changes the saved counters of a conversation.
    public func damageCounters(of id: Int64, _ change: (inout ConversationRecord) -> Void) {
        guard var row = rows[id] else { return }
        change(&row.counters)
        rows[id] = row
    }
}

/// A journal in memory whose commits fail when the test says so. It follows the same contract as the SQLite journal.
///
/// Invariant: belongs to one thread; if it is also opened as a reader, to the simulation's.
public final class SimulatedJournal: Journal, @unchecked Sendable {
    /// The behavior of the next commits.
    public enum Fault: Sendable {
        case none
        /// Nothing is written; the caller gets an error.
        case failed
        /// The same, for one commit only.
        case failedOnce
        /// Everything is written, but the caller gets an error, as after a crash between the write and the reply.
        case torn
        /// The caller gets an error, and whether everything is written shows only when the shard is taken over: a server that waits for
        /// its standby.
        case unknown
    }

    public let disk: SimulatedDisk
    public var fault = Fault.none
    /// Calls of `find`, and single look-ups outside it: each is a round trip to a journal behind a network.
    public private(set) var lookups = 0
    public private(set) var singleReads = 0
    private var isFinding = false
    /// Called at the beginning of each commit that writes: a slow disk.
    public var onCommit: () -> Void = {}

    public init(_ disk: SimulatedDisk) {
        self.disk = disk
        epoch = disk.epoch
    }

    /// Takes the shard over. First comes what becomes of a commit that is under way, as with a lock that it holds.
    /// - Parameter commits: whether such a commit is written.
    public init(takingOver disk: SimulatedDisk, commits: Bool) {
        self.disk = disk
        epoch = 0
        if let batch = disk.underWay, commits { write(batch) }
        disk.underWay = nil
        disk.epoch += 1
        epoch = disk.epoch
    }

    public private(set) var epoch: Int64

    public var partitionCount: Int { disk.partitionCount }
    public var shard: Shard { disk.shard }
    public var bytes: Int { 0 }

    public func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        RecoveryPoint(
            checkpoint: disk.checkpoint, applyOrders: disk.applyOrders,
            lastPosition: disk.records.last?.position ?? .start,
            lastConversation: ConversationID(disk.lastConversation), outboxCursor: disk.outboxCursor,
            newestPending: disk.pending.max() ?? .start,
            newestEffectCause: disk.effects.keys.map(\.cause).max() ?? .start,
            deadLetters: disk.deadLetters.values.filter { $0.reason != .discarded }.count)
    }

    public func pending(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        Array(disk.pending.filter { $0 > position }.sorted().prefix(limit))
    }

    public func isPending(_ position: Position) throws(JournalError) -> Bool { disk.pending.contains(position) }

    public func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        let wanted = disk.effects.values.filter { effect in
            (conversation ?? effect.conversation) == effect.conversation
                && key.map { ($0.cause, $0.ordinal) < (effect.key.cause, effect.key.ordinal) } ?? true
        }
        let ordered = wanted.sorted { ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal) }
        return ordered.prefix(limit).map { .open($0) }
    }

    public func commit(_ batch: JournalBatch) throws(JournalError) {
        if batch.isEmpty { return }
        guard epoch == disk.epoch else {
            throw JournalError(.ownedElsewhere, "epoch \(epoch), but the shard is at epoch \(disk.epoch)")
        }
        onCommit()
        let isTorn: Bool
        switch fault {
        case .none: isTorn = false
        case .failed: throw JournalError(.diskFull, "simulated")
        case .failedOnce:
            fault = .none
            throw JournalError(.diskFull, "simulated")
        case .torn: isTorn = true
        case .unknown:
            disk.underWay = batch
            throw JournalError(.inputOutput, "simulated: the answer did not come")
        }
        write(batch)
        if isTorn { throw JournalError(.inputOutput, "simulated: written, but the answer was lost") }
    }

    private func write(_ batch: JournalBatch) {
        for record in batch.createdConversations { disk.save(record) }
        for record in batch.records {
            precondition(record.position.rawValue == Int64(disk.records.count) + 1, "positions have a gap")
            disk.records.append(record)
        }
        for record in batch.savedConversations { disk.save(record) }
        for effect in batch.openedEffects { disk.effects[effect.key] = effect }
        for effect in batch.changedEffects where disk.effects[effect.key] != nil { disk.effects[effect.key] = effect }
        for key in batch.closedEffects { disk.effects[key] = nil }
        for position in batch.redrivenDeadLetters {
            disk.deadLetters[position] = nil
            if !disk.pending.contains(position) { disk.pending.append(position) }
        }
        for position in batch.discardedDeadLetters { disk.deadLetters[position]?.reason = .discarded }
        for letter in batch.deadLetters { disk.deadLetters[letter.position] = letter }
        if let cursor = batch.outboxCursor { disk.outboxCursor = cursor }
        for entry in batch.identities where !(disk.identities[entry.hash]?.contains(entry.position) ?? false) {
            disk.identities[entry.hash, default: []].append(entry.position)
        }
        if let checkpoint = batch.checkpoint {
            disk.pending.removeAll { checkpoint.pendingRemoved.contains($0) }
            disk.pending += checkpoint.pendingAdded
            disk.applyOrders = checkpoint.applyOrders
            disk.checkpoint = checkpoint.through
        }
    }

    public func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings {
        lookups += 1
        isFinding = true
        defer { isFinding = false }
        return try findEach(lookup)
    }

    private func countRead() {
        if !isFinding { singleReads += 1 }
    }

    public func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        countRead()
        return disk.conversation(subject: subject)
    }

    public func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        countRead()
        return disk.conversation(id: id)
    }

    public func positions(identity: UInt64) throws(JournalError) -> [Position] {
        countRead()
        return disk.identities[identity] ?? []
    }

    public func isDeadLetter(_ position: Position) throws(JournalError) -> Bool {
        countRead()
        return disk.deadLetters[position] != nil
    }

    public func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? {
        countRead()
        return disk.deadLetters[position]
    }

    public func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        let found = disk.deadLetters.values.filter {
            $0.position > position && (conversation == nil || $0.conversation == conversation)
        }
        return Array(found.sorted { $0.position < $1.position }.prefix(limit))
    }

    public func probe() throws(JournalError) {
        if case .failed = fault { throw JournalError(.diskFull, "simulated") }
    }

    public func record(at position: Position) throws(JournalError) -> JournalRecord? {
        countRead()
        return stored(position)
    }

    private func stored(_ position: Position) -> JournalRecord? {
        let index = Int(position.rawValue) - 1
        return disk.records.indices.contains(index) ? disk.records[index] : nil
    }

    public func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        Array(disk.records.dropFirst(Int(position.rawValue)).prefix(limit))
    }

    public func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        disk.subject(of: conversation)
    }

    public func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        var records: [JournalRecord] = []
        for position in positions {
            guard let record = stored(position) else { throw JournalError(.damaged, "no record \(position)") }
            records.append(record)
        }
        return records
    }

    public func head(subject: String) throws(JournalError) -> ConversationHead? {
        try conversation(subject: subject).flatMap(head)
    }

    public func head(id: ConversationID) throws(JournalError) -> ConversationHead? {
        disk.conversation(id: id).flatMap(head)
    }

    private func head(_ conversation: ConversationRecord) -> ConversationHead? {
        guard let newest = disk.records.last(where: { $0.conversation == conversation.id }) else { return nil }
        return ConversationHead(
            id: conversation.id, subject: conversation.subject, partition: conversation.partition,
            position: newest.position, offset: newest.offset, recordedAt: newest.recordedAt)
    }

    public func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        var links: [RecordLink] = []
        var next = position
        while next > .start, links.count < limit {
            guard let record = stored(next) else { throw JournalError(.damaged, "no record \(next)") }
            links.append(RecordLink(record))
            next = record.previous
        }
        return links
    }

    public func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        let end = position.map { max(0, min(Int($0.rawValue) - 1, disk.records.count)) } ?? disk.records.count
        return disk.records[..<end].suffix(limit).reversed().map { RecordLink($0) }
    }

    public func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        let behind = disk.conversations.values.filter { conversation in
            subject.map { $0.utf8.lexicographicallyPrecedes(conversation.subject.utf8) } ?? true
        }
        let ordered = behind.sorted { $0.subject.utf8.lexicographicallyPrecedes($1.subject.utf8) }
        var heads: [ConversationHead] = []
        for (index, conversation) in ordered.enumerated() {
            let last = index > 0 ? ordered[index - 1].subject : subject
            if heads.count == limit || index >= scanning { return ConversationListing(heads: heads, next: last) }
            if filter.matches(conversation.subject), let head = head(conversation) { heads.append(head) }
        }
        return ConversationListing(heads: heads, next: nil)
    }

    public func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        let ordered = disk.effects.values.sorted { ($0.key.cause, $0.key.ordinal) < ($1.key.cause, $1.key.ordinal) }
        let wanted = ordered.filter { effect in
            key.map { ($0.cause, $0.ordinal) < (effect.key.cause, effect.key.ordinal) } ?? true
        }
        var listed: [EffectUnderWay] = []
        for effect in wanted.prefix(limit) {
            guard let cause = try record(at: effect.key.cause) else { continue }
            listed.append(EffectUnderWay(effect: effect, causeOffset: cause.offset, orderedAt: cause.recordedAt))
        }
        return listed
    }

    public func makeReader() throws(JournalError) -> any JournalReader & Sendable {
        preconditionFailure("the simulation has one thread and reads the journal itself")
    }
}

extension SimulatedJournal: VerifiableJournal {
    public func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord] {
        let wanted = disk.conversations.values.filter {
            $0.id.rawValue > id.rawValue && slice.contains(partition: $0.partition)
        }
        return Array(wanted.sorted { $0.id.rawValue < $1.id.rawValue }.prefix(limit))
    }

    public func identitySum(through position: Position) throws(JournalError) -> IdentitySum {
        var sum = IdentitySum()
        for (hash, positions) in disk.identities {
            for found in positions where found <= position { sum.add(hash: hash, position: found) }
        }
        return sum
    }

    public func storageProblems() throws(JournalError) -> [String] { [] }
}
