import Conversation
import Signals

/// The stored data of a conversation besides its records: counters, the head of its chain, and its state.
public struct ConversationRecord: Sendable, Equatable {
    public var id: ConversationID
    public var subject: String
    public var partition: Int
    /// The fields below contain everything up to this journal position.
    public var through: Position
    /// The newest record; `.start` if there is none yet.
    public var head: Position
    /// The newest record's offset.
    public var offset: Int64
    /// The newest sequence number of each family, indexed by `Family.rawValue`.
    public var sequences: [Int64]
    public var core: ConversationCore
    /// Why `core` is not valid; nil if it is.
    public var damage: Damage?

    /// The reason why a conversation cannot be loaded.
    public enum Damage: Sendable, Equatable {
        /// The saved state cannot be read.
        case unreadable(String)
        /// Counters or state differ from those that were saved.
        case changed(String)
        /// Convey has set the conversation aside, because its records do not produce its state either.
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

    /// Adopts the place of a record that has one.
    package mutating func follow(_ record: JournalRecord) {
        head = record.position
        offset = record.offset
        if let family = record.family { sequences[Int(family.rawValue)] = record.sequence }
    }

    /// Assigns the place of the conversation's next record.
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
