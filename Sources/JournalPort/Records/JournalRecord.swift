import Conversation
import Signals

/// One signal in the journal. Records are only ever appended.
public struct JournalRecord: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case signal(Signal)
        /// A `conv.applied.event.applied` signal. Only what cannot be derived from the signal it is about is stored.
        case marker(Marker)
        /// A signal whose content was removed on purpose.
        case removed(RemovedContent)
        /// The row is there, but its content cannot be read. A value, not an error: it concerns one conversation only.
        case unreadable(reason: String, family: Family?)
    }

    public var position: Position
    public var conversation: ConversationID
    /// The conversation's record before this one: the conversation is a chain through the journal, and needs no index.
    public var previous: Position
    /// Place in the conversation's record order, from 1, no gaps.
    public var offset: Int64
    /// Place in the conversation's record order within the family, from 1, no gaps.
    public var sequence: Int64
    /// Microseconds since 1970.
    public var recordedAt: Int64
    public var content: Content
    /// Covers the place and the content, see `computedHash`. Made once with the record, and stored with it: where the two differ, the
    /// record is not what was recorded.
    public let hash: UInt64

    /// - Parameter storedHash: of a record that is read back; nil for a new one.
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

    /// The signal with its place; nil where the record is not a signal that can be read. Its hash is computed from what is read,
    /// so applying a changed signal gives another digest than its marker's.
    package var recordedSignal: RecordedSignal? {
        guard case .signal(let signal) = content else { return nil }
        return RecordedSignal(
            signal: signal, position: position, conversation: conversation, offset: offset, hash: computedHash)
    }

    /// A signal at the place of this record.
    package func recorded(_ signal: Signal) -> RecordedSignal {
        RecordedSignal(signal: signal, position: position, conversation: conversation, offset: offset, hash: hash)
    }

    /// The signal, if it is one that is as it was recorded.
    package var intactSignal: Signal? {
        guard case .signal(let signal) = content, damage == nil else { return nil }
        return signal
    }

    /// Why the record is not what was recorded; nil where nothing says so.
    package var damage: String? {
        if case .unreadable(let reason, _) = content { return "record \(position) cannot be read: \(reason)" }
        return hash == computedHash ? nil : "record \(position) is not what was recorded"
    }

    /// What a signal is known by, where that is left; nil of anything else.
    package var identity: SignalIdentity? {
        switch content {
        case .signal(let signal): SignalIdentity(signal)
        case .removed(let removed): SignalIdentity(removed)
        case .marker, .unreadable: nil
        }
    }

    /// Whether it is a signal, even one whose content was removed.
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

    /// What is recorded is compared, not what a journal keeps to check it.
    public static func == (left: JournalRecord, right: JournalRecord) -> Bool {
        left.position == right.position && left.conversation == right.conversation && left.previous == right.previous
            && left.offset == right.offset && left.sequence == right.sequence && left.recordedAt == right.recordedAt
            && left.content == right.content
    }
}
