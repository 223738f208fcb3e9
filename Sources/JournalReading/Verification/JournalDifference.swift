import JournalPort
import Signals

/// Where a journal does not agree with itself: what, where, what it means, and what to do.
public struct JournalDifference: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        /// The file's own structure is damaged.
        case storage
        /// A record cannot be read.
        case unreadable
        /// A position is missing or comes twice.
        case position
        /// A record belongs to no known conversation, or the conversation to another partition.
        case conversation
        /// A record does not name the conversation's record before it.
        case chain
        case offset
        case sequence
        /// A signal's type or data cannot have been recorded like this.
        case signal
        /// A marker is about no signal that waits to be applied.
        case marker
        /// Replay gives another state than was recorded, or a record differs from the digest that was stored with it.
        case digest
        case applyOrder = "apply_order"
        /// A signal was applied before its cause.
        case cause
        /// What an application ordered to be published is not recorded.
        case output
        case effect
        /// A signal is neither applied, nor pending, nor a dead letter.
        case pending
        /// A saved conversation is not what replay gives.
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

    /// What follows from it for who uses the journal.
    public var meaning: String {
        switch kind {
        case .storage, .unreadable: "The file is damaged: a disk, a copy made while it was written, or another program."
        case .position, .chain, .offset, .sequence, .conversation:
            "Records are missing, were added or were changed; histories and holes shown to consumers are not reliable."
        case .signal: "What is recorded is not what was received."
        case .marker, .applyOrder, .cause, .pending:
            "What was applied, or in which order, is not what the journal says: a replay may end in another state."
        case .digest: "A record, its order or the program differ from when it was recorded or applied."
        case .output, .effect:
            "Consumers may wait for an event that never comes, or have seen one that is not recorded."
        case .savedConversation:
            "What is kept for speed differs from the records: the conversation cannot be loaded from it."
        case .identities: "A repeat may be recorded twice, or a cause not be found."
        case .cursor: "Events may be published again, or not at all."
        }
    }

    /// What an operator can do about it.
    public var advice: String {
        switch kind {
        case .storage, .unreadable, .position, .chain, .offset, .sequence, .conversation, .signal:
            "Stop Convey, keep a copy of the data directory, check the disk, and go back to a backup that verifies."
        case .digest:
            "Verify with the Convey that wrote the journal. If it finds the same, keep a copy and go back to a backup."
        case .savedConversation:
            "Start Convey on it: it makes the conversation anew from its records, or sets it aside and goes on without it."
        case .marker, .applyOrder, .cause, .pending, .output, .effect, .identities, .cursor:
            "Keep a copy of the data directory and report it with this text; a backup that verifies is the way back."
        }
    }

    /// `position 17, offset 3 of chat-42`
    public var place: String { place(inShard: nil) }

    /// The place, with a position as it is written where there are several shards.
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
    /// - Parameter shard: which shard it is in, where there are several.
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
