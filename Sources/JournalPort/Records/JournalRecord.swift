import Conversation
import Signals

/// One signal in the journal. Records are only ever appended.
public struct JournalRecord: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case signal(Signal)
        /// A `conv.applied.event.applied` signal. It stores only what cannot be derived from the signal that it refers
        /// to.
        case marker(Marker)
        /// A signal whose content was removed on purpose.
        case removed(RemovedContent)
        /// The row exists, but its content cannot be read. A value, not an error, because it affects only one
        /// conversation.
        case unreadable(reason: String, family: Family?)
    }

    public var position: Position
    public var conversation: ConversationID
    /// The conversation's previous record: the conversation is a chain through the journal and needs no index.
    public var previous: Position
    /// Number in the conversation, from 1, without gaps.
    public var offset: Int64
    /// Number in the conversation and family, from 1, without gaps.
    public var sequence: Int64
    /// Microseconds since 1970.
    public var recordedAt: Int64
    public var content: Content
    /// Covers the place and the content, see `computedHash`. Computed once when the record is created, and stored with
    /// it: if the two differ, the record has changed.
    public let hash: UInt64

    /// - Parameter storedHash: for a record that is read back; nil for a new one.
    public init(
        position: Position, conversation: ConversationID, previous: Position, offset: Int64, sequence: Int64,
        recordedAt: Int64, content: Content, storedHash: UInt64? = nil
    ) {
        hash =
            storedHash
            ?? Self.hash(
                position: position, conversation: conversation, previous: previous, offset: offset, sequence: sequence,
                recordedAt: recordedAt, contentHash: content.hash)
        self.position = position
        self.conversation = conversation
        self.previous = previous
        self.offset = offset
        self.sequence = sequence
        self.recordedAt = recordedAt
        self.content = content
    }

    /// The signal with its place; nil if the record is not a readable signal. Its hash is computed from the bytes read,
    /// so applying a changed signal gives another digest than its marker has.
    package var recordedSignal: RecordedSignal? {
        guard case .signal(let signal) = content else { return nil }
        return RecordedSignal(
            signal: signal, position: position, conversation: conversation, offset: offset, hash: computedHash)
    }

    /// A signal at the place of this record.
    package func recorded(_ signal: Signal) -> RecordedSignal {
        RecordedSignal(signal: signal, position: position, conversation: conversation, offset: offset, hash: hash)
    }

    /// The signal, if the record is an unchanged signal.
    package var intactSignal: Signal? {
        guard case .signal(let signal) = content, damage == nil else { return nil }
        return signal
    }

    /// Why the record differs from what was recorded; nil if no difference is known.
    package var damage: String? {
        if case .unreadable(let reason, _) = content { return "record \(position) cannot be read: \(reason)" }
        return hash == computedHash ? nil : "record \(position) is not what was recorded"
    }

    /// The identity of a signal, if it is left; nil for anything else.
    package var identity: SignalIdentity? {
        switch content {
        case .signal(let signal): SignalIdentity(signal)
        case .removed(let removed): SignalIdentity(removed)
        case .marker, .unreadable: nil
        }
    }

    /// Whether it is a signal, including one whose content was removed.
    package var isSignal: Bool {
        switch content {
        case .signal, .removed: true
        case .marker, .unreadable: false
        }
    }

    public var family: Family? {
        switch content {
        case .signal(let signal): Family(type: signal.type)
        case .marker: .applied
        case .removed(let removed): removed.family
        case .unreadable(_, let family): family
        }
    }

    /// Compares what is recorded, not the journal's check values.
    public static func == (left: JournalRecord, right: JournalRecord) -> Bool {
        left.position == right.position && left.conversation == right.conversation && left.previous == right.previous
            && left.offset == right.offset && left.sequence == right.sequence && left.recordedAt == right.recordedAt
            && left.content == right.content
    }
}
