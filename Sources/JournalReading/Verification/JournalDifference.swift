import JournalPort
import Signals

/// An inconsistency in a journal: what it is, where it is, what it means, and what to do.
public struct JournalDifference: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        /// The file's own structure is damaged.
        case storage
        /// A record cannot be read.
        case unreadable
        /// A position is missing or is repeated.
        case position
        /// A record belongs to no known conversation, or the conversation to another partition.
        case conversation
        /// A record does not name the conversation's previous record.
        case chain
        case offset
        case sequence
        /// A signal cannot have been recorded with this type or data.
        case signal
        /// A marker refers to no signal that waits to be applied.
        case marker
        /// Replay gives a state that differs from the recorded one, or a record differs from its stored digest.
        case digest
        case applyOrder = "apply_order"
        /// A signal was applied before its cause.
        case cause
        /// An output that an applied signal ordered is not recorded.
        case output
        case effect
        /// A signal is neither applied, nor pending, nor a dead letter.
        case pending
        /// A saved conversation differs from the replayed one.
        case savedConversation = "saved_conversation"
        case identities
        case cursor
    }

    public var kind: Kind
    public var message: String
    public var subject: String?
    public var offset: Int64?
    public var position: Position?

    public init(
        _ kind: Kind, _ message: String, subject: String? = nil, offset: Int64? = nil, position: Position? = nil
    ) {
        self.kind = kind
        self.message = message
        self.subject = subject
        self.offset = offset
        self.position = position
    }

    /// The difference about a record.
    init(_ kind: Kind, _ message: String, _ record: JournalRecord, subject: String?) {
        self.init(kind, message, subject: subject, offset: record.offset, position: record.position)
    }

    /// The consequence for users of the journal.
    public var meaning: String {
        switch kind {
        case .storage, .unreadable: "The file is damaged: a disk, a copy made while it was written, or another program."
        case .position, .chain, .offset, .sequence, .conversation:
            "Records are missing, were added or were changed; histories and holes shown to consumers are not reliable."
        case .signal: "The recorded signal differs from the received one."
        case .marker, .applyOrder, .cause, .pending:
            "The applied signals or their order differ from the journal: a replay may end in another state."
        case .digest: "A record, its order or the program has changed since the record was written or applied."
        case .output, .effect:
            "Consumers may wait for an event that never comes, or have seen one that is not recorded."
        case .savedConversation:
            "The saved conversation differs from its records and cannot be loaded."
        case .identities: "Convey may record a repeat twice, or not find a cause."
        case .cursor: "Convey may publish events again, or not at all."
        }
    }

    /// What an operator can do.
    public var advice: String {
        switch kind {
        case .storage, .unreadable, .position, .chain, .offset, .sequence, .conversation, .signal:
            "Stop Convey, keep a copy of the data directory, check the disk, and restore a backup that verifies."
        case .digest:
            "Verify with the Convey that wrote the journal. If it finds the same difference, keep a copy and restore a backup."
        case .savedConversation:
            "Start Convey: it rebuilds the conversation from its records, or sets it aside and continues without it."
        case .marker, .applyOrder, .cause, .pending, .output, .effect, .identities, .cursor:
            "Keep a copy of the data directory, report this text, and restore a backup that verifies."
        }
    }

    /// `position 17, offset 3 of chat-42`
    public var place: String { place(inShard: nil) }

    /// The place, with the spelling of positions for several shards.
    package func place(inShard shard: Int?) -> String {
        var words: [String] = []
        if let position { words.append("position " + (shard.map { "\($0)." } ?? "") + "\(position)") }
        if let offset { words.append("offset \(offset)") }
        let text = words.joined(separator: ", ")
        let whole = shard.map { "shard \($0)" } ?? "the journal"
        guard let subject else { return text.isEmpty ? whole : text }
        return text.isEmpty ? subject : "\(text) of \(subject)"
    }

    public var description: String { "\(kind.rawValue) at \(place): \(message)" }

    /// As a JSON object.
    /// - Parameter shard: its shard, if there are several.
    public func encode(shard: Int? = nil) -> [UInt8] {
        var object = JSONObjectBuilder()
        if let shard { object.add("shard", shard) }
        object.add("kind", kind.rawValue)
        object.add("message", message)
        if let subject { object.add("subject", subject) }
        if let offset { object.add("offset", offset) }
        if let position { object.add("position", position.rawValue) }
        object.add("meaning", meaning)
        object.add("advice", advice)
        return object.finish()
    }
}
