import Signals

/// Reads the journal. Belongs to one thread.
///
/// Each call is a separate short read. Records never change, so several calls see the same data up to the end that the
/// first one saw.
public protocol JournalReader: AnyObject {
    /// Several reads of one state of the journal, which together cost less. Keep it short: while it runs, the journal
    /// cannot reuse space.
    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result
    /// The number for all shards together; fixed when the journal was created.
    var partitionCount: Int { get }
    /// The shard of the journal that this reads. Positions and conversation numbers are valid only in it.
    var shard: Shard { get }
    /// Many look-ups at once.
    func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings
    /// The record at a position; nil if there is none.
    func record(at position: Position) throws(JournalError) -> JournalRecord?
    /// Up to `limit` records after a position, ascending.
    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord]
    /// The records at positions, in the requested order. Throws `corrupt` if one is missing, because positions come
    /// from links.
    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord]
    func subject(of conversation: ConversationID) throws(JournalError) -> String?

    /// The place of a conversation as of the newest commit; nil for a subject without records.
    func head(subject: String) throws(JournalError) -> ConversationHead?
    /// A conversation's records backwards along its chain, starting at a position, at most `limit`. The chain ends at
    /// the first record, or where earlier records were deleted.
    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink]
    /// The journal's newest records backwards, of any conversation: those before a position, or all.
    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink]
    /// The matching conversations after a subject, by the bytes of their subjects: at most `limit`, from about
    /// `scanning` subjects. If `next` is not nil there may be more, even if none was found.
    func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing
    /// Open effects as of the newest commit, in the order of their keys, which is the order in which they were ordered:
    /// those after a key, or the first.
    func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay]
    /// The place of a conversation, by its number.
    func head(id: ConversationID) throws(JournalError) -> ConversationHead?

    /// The last saved state of a conversation; its `through` gives the position up to which it is valid.
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
