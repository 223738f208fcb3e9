import Signals

/// Who may write: a number that grows each time the ownership of the partitions changes. A journal refuses a commit with
/// an older one. With SQLite one process owns all, and it stays 1.
public struct Epoch: RawRepresentable, Comparable, Sendable {
    public var rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static let single = Epoch(rawValue: 1)
    public static func < (left: Epoch, right: Epoch) -> Bool { left.rawValue < right.rawValue }
}

/// Everything one transaction writes. A value, so that a journal can be anything that writes it whole or not at all.
public struct JournalBatch: Sendable {
    /// Consecutive positions, ascending.
    public var records: [JournalRecord] = []
    public var createdConversations: [ConversationRecord] = []
    /// Conversations whose counters and state are to be kept (evicted from memory, or a checkpoint).
    public var savedConversations: [ConversationRecord] = []
    public var openedEffects: [OpenEffect] = []
    /// Effects whose attempt, due time or approval has changed.
    public var changedEffects: [OpenEffect] = []
    public var closedEffects: [EffectKey] = []
    public var deadLetters: [DeadLetter] = []
    /// Dead letters that are none any more: they are pending from now on.
    public var redrivenDeadLetters: [Position] = []
    /// Dead letters that nobody wants to see applied: they stay, with the reason `discarded`.
    public var discardedDeadLetters: [Position] = []
    /// Everything up to here has been acknowledged by the broker.
    public var outboxCursor: Position?
    /// Identity hash → position of signals: a part of those that the next checkpoint comprises, ascending by hash. After a
    /// crash some come a second time.
    public var identities: [(hash: UInt64, position: Position)] = []
    public var checkpoint: Checkpoint?

    public init() {}

    public var isEmpty: Bool {
        records.isEmpty && createdConversations.isEmpty && savedConversations.isEmpty && openedEffects.isEmpty
            && changedEffects.isEmpty && closedEffects.isEmpty && deadLetters.isEmpty && redrivenDeadLetters.isEmpty
            && discardedDeadLetters.isEmpty && outboxCursor == nil && identities.isEmpty && checkpoint == nil
    }

    /// Whether a dead letter is re-driven or discarded here.
    package func hasMoved(_ position: Position) -> Bool {
        redrivenDeadLetters.contains(position) || discardedDeadLetters.contains(position)
    }
}

/// Folds the journal's tail into what is found by key, so that a start-up reads only what was appended since. Identities and
/// conversations up to `through` have been written by this batch or by earlier ones.
public struct Checkpoint: Sendable {
    public var through: Position
    /// What has come to be pending (recorded, neither applied nor a dead letter) since the last checkpoint, ascending.
    public var pendingAdded: [Position]
    /// What was pending at the last checkpoint and is not any more, ascending.
    public var pendingRemoved: [Position]
    /// Each partition's newest apply order.
    public var applyOrders: [Int64]

    public init(
        through: Position, pendingAdded: [Position], pendingRemoved: [Position], applyOrders: [Int64]
    ) {
        self.through = through
        self.pendingAdded = pendingAdded
        self.pendingRemoved = pendingRemoved
        self.applyOrders = applyOrders
    }
}

/// Where a start-up begins to read: cursors and counts alone. What it lists is read page by page.
public struct RecoveryPoint: Sendable, Equatable {
    /// Records up to here were deleted.
    public var start: Position
    public var checkpoint: Position
    public var applyOrders: [Int64]
    public var lastPosition: Position
    public var lastConversation: ConversationID
    public var outboxCursor: Position
    /// The newest position that is listed as pending; `.start` without any.
    public var newestPending: Position
    /// The newest signal that ordered an open effect; `.start` without any.
    public var newestEffectCause: Position
    /// Those that were not discarded.
    public var deadLetters: Int

    public init(
        start: Position = .start, checkpoint: Position, applyOrders: [Int64], lastPosition: Position,
        lastConversation: ConversationID, outboxCursor: Position, newestPending: Position, newestEffectCause: Position,
        deadLetters: Int
    ) {
        self.start = start
        self.checkpoint = checkpoint
        self.applyOrders = applyOrders
        self.lastPosition = lastPosition
        self.lastConversation = lastConversation
        self.outboxCursor = outboxCursor
        self.newestPending = newestPending
        self.newestEffectCause = newestEffectCause
        self.deadLetters = deadLetters
    }
}

/// Reads the journal. Belongs to one thread.
///
/// Each call is a short read of its own; records never change, so several calls see one truth as far as the first one saw.
public protocol JournalReader: AnyObject {
    /// Several reads of one state of the journal, which cost less together. Short: who stays in it keeps space from being used
    /// again.
    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result
    /// Fixed when the journal was created: of all shards together.
    var partitionCount: Int { get }
    /// Which shard of the journal this is. Positions and conversation numbers count in it alone.
    var shard: Shard { get }
    /// Many look-ups at once.
    func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings
    /// The record at a position; nil when there is none.
    func record(at position: Position) throws(JournalError) -> JournalRecord?
    /// Up to `limit` records after a position, ascending.
    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord]
    /// The records at positions, in the order asked for. Throws `corrupt` where there is none: positions come from links.
    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord]
    func subject(of conversation: ConversationID) throws(JournalError) -> String?

    /// Where a conversation is as of the newest commit; nil for a subject without records.
    func head(subject: String) throws(JournalError) -> ConversationHead?
    /// A conversation's records backwards along its chain, from the one at a position on, `limit` at the most. The chain ends at its
    /// first record, or where those before were deleted.
    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink]
    /// The journal's newest records backwards, whatever their conversation: those before a position, or all.
    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink]
    /// The wanted conversations behind a subject, by the bytes of their subjects: `limit` at the most, of about `scanning`
    /// subjects looked at. There may be more where `next` is not nil, even where none was found.
    func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing
    /// Effects without an end, as of the newest commit, in the order of their keys, which is that in which they were ordered:
    /// those behind a key, or the first.
    func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay]
    /// Where a conversation is, by its number.
    func head(id: ConversationID) throws(JournalError) -> ConversationHead?

    /// What was last saved of a conversation; its `through` says how far that goes.
    func conversation(subject: String) throws(JournalError) -> ConversationRecord?
    func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord?
    /// Positions whose signal has this identity hash, up to the last checkpoint. Hashes may collide: compare the signals.
    func positions(identity: UInt64) throws(JournalError) -> [Position]
    func isDeadLetter(_ position: Position) throws(JournalError) -> Bool
    func deadLetter(at position: Position) throws(JournalError) -> DeadLetter?
    /// Up to `limit` dead letters after a position, ascending; of one conversation or of all.
    func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter]
}

extension JournalReader {
    /// For journals in which every read costs the same.
    public func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        try body()
    }
}

/// The append-only record of every signal, and what is derived from it to find things by key.
///
/// Belongs to one thread. `commit` is the only call that writes.
public protocol Journal: RecoverableJournal {
    /// Makes a batch durable, whole or not at all; durable means that it survives power loss once this has returned. An
    /// empty batch ends a transaction that look-ups have begun.
    func commit(_ batch: JournalBatch, epoch: Epoch) throws(JournalError)
    /// Throws when nothing can be written at the moment (disk full, I/O error, another writer).
    func probe() throws(JournalError)
    /// Throws `displaced` when what is committed would not be found again, because the files are not where they were opened.
    /// `commit` looks by itself, before it returns.
    func confirmInPlace() throws(JournalError)
    /// A reader for another thread, over a connection of its own.
    func makeReader() throws(JournalError) -> any JournalReader & Sendable
    /// Size on disk in bytes, where that means something.
    var bytes: Int { get }
}

extension Journal {
    /// For journals that cannot be moved.
    public func confirmInPlace() throws(JournalError) {}
}

/// What can go wrong with a journal.
public struct JournalError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case cannotOpen = "cannot_open"
        case inUse = "in_use"
        case newerVersion = "newer_version"
        /// The file, or what all conversations share in it, is damaged: nothing in it can be trusted.
        case corrupt
        /// What is recorded of one conversation cannot be read or does not agree with itself. The file is sound.
        case damaged
        case diskFull = "disk_full"
        case busy
        case inputOutput = "input_output"
        /// fsync failed: what is in the page cache cannot be trusted any more, so the process must end.
        case syncFailed = "sync_failed"
        case staleEpoch = "stale_epoch"
        /// The journal's files are not where they were opened: somebody has removed, moved or replaced them. They may come back.
        case displaced
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same write may succeed later in this process.
    public var isRetriable: Bool {
        switch code {
        case .diskFull, .busy, .inputOutput, .displaced: true
        case .cannotOpen, .inUse, .newerVersion, .corrupt, .damaged, .syncFailed, .staleEpoch: false
        }
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
