import Conversation
import Signals

/// What the journal keeps of a conversation beside its records: counters, the head of its chain, and its state.
public struct ConversationRecord: Sendable, Equatable {
    public var id: ConversationID
    public var subject: String
    public var partition: Int
    /// Everything up to this journal position is contained in the fields below.
    public var through: Position
    /// The newest record; `.start` when there is none yet.
    public var head: Position
    /// The newest record's offset.
    public var offset: Int64
    /// The newest sequence number of each family, indexed by `Family.rawValue`.
    public var sequences: [Int64]
    public var core: ConversationCore
    /// Why `core` does not count; nil when it does.
    public var damage: Damage?

    /// What keeps a conversation from being loaded.
    public enum Damage: Sendable, Equatable {
        /// The saved state cannot be read.
        case unreadable(String)
        /// Counters or state are not those that were saved.
        case changed(String)
        /// Convey has set the conversation aside, because its records do not make its state either.
        case setAside(String)

        public var reason: String {
            switch self {
            case .unreadable(let reason), .changed(let reason), .setAside(let reason): reason
            }
        }
    }

    public init(id: ConversationID, subject: String, partition: Int) {
        self.id = id
        self.subject = subject
        self.partition = partition
        through = .start
        head = .start
        offset = 0
        sequences = Array(repeating: 0, count: Family.allCases.count)
        core = ConversationCore()
        damage = nil
    }

    /// Takes over the place of a record that has one.
    package mutating func follow(_ record: JournalRecord) {
        head = record.position
        offset = record.offset
        if let family = record.family { sequences[Int(family.rawValue)] = record.sequence }
    }

    /// Gives the next record of the conversation its place.
    public mutating func advance(to position: Position, family: Family) -> (
        previous: Position, offset: Int64, sequence: Int64
    ) {
        let previous = head
        head = position
        offset += 1
        sequences[Int(family.rawValue)] += 1
        return (previous, offset, sequences[Int(family.rawValue)])
    }
}
