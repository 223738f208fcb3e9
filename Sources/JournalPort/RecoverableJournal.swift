import Signals

/// A reader that can also read the data with which a start-up begins.
public protocol RecoverableJournal: JournalReader {
    /// All of it as of one moment, even while others write.
    func recoveryPoint() throws(JournalError) -> RecoveryPoint
    /// Up to `limit` positions after another that were recorded and neither applied nor dead letters at the last
    /// checkpoint, or were re-driven since; ascending.
    func pending(after position: Position, limit: Int) throws(JournalError) -> [Position]
    /// Whether a position is listed as pending.
    func isPending(_ position: Position) throws(JournalError) -> Bool
    /// Up to `limit` rows of open effects after a key, or the first, ascending; for one conversation or for all.
    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect]
}
