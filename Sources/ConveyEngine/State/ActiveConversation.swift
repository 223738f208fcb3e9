import JournalPort
import Signals

/// A conversation in memory. Belongs to the engine's thread.
final class ActiveConversation {
    var record: ConversationRecord
    /// Its signals that wait in the partition: it stays in memory while there are any.
    var pending = 0
    /// The number of these whose application may continue an answer.
    var pendingTurns = 0
    /// The data of the newest `conv.in.conversation.configured`, once it was needed.
    var configuration: (position: Position, data: [UInt8])?
    /// Changed since it was last saved.
    var isDirty = false
    /// Used since the clock hand last passed it.
    var wasUsed = true

    init(_ record: ConversationRecord) {
        self.record = record
    }

    /// It cannot be loaded: its recorded signals wait.
    var isSetAside: Bool { record.damage != nil }

    /// An answer continues, or may continue: no other one starts until that is decided.
    var isTurnHeld: Bool { pendingTurns > 0 || record.core.state.toolLoop != nil }
}
