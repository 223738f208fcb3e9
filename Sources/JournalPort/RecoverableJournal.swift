import Signals

/// A reader that can also read what a start-up begins with.
public protocol RecoverableJournal: JournalReader {
    /// All of it as of one moment, whoever writes meanwhile.
    func recoveryPoint() throws(JournalError) -> RecoveryPoint
    /// Up to `limit` positions behind another that were recorded and neither applied nor dead letters at the last checkpoint, or were
    /// re-driven since; ascending.
    func pending(after position: Position, limit: Int) throws(JournalError) -> [Position]
    /// Whether a position is listed as pending.
    func isPending(_ position: Position) throws(JournalError) -> Bool
    /// Up to `limit` rows of open effects behind a key, or the first, ascending; of one conversation or of all.
    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect]
}
