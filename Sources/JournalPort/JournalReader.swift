import Signals

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
