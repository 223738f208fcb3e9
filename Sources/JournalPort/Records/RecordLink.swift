import Signals

/// A record without its data: enough to walk a conversation's chain and to choose the records to read in full.
public struct RecordLink: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case signal(id: String, type: String, cause: Cause)
        case marker(Marker)
        case removed(RemovedContent)
        case unreadable(reason: String, family: Family?)
    }

    public var position: Position
    public var conversation: ConversationID
    /// The conversation's previous record; `.start` before the first.
    public var previous: Position
    public var offset: Int64
    public var sequence: Int64
    /// Microseconds since 1970.
    public var recordedAt: Int64
    public var content: Content

    public init(
        position: Position, conversation: ConversationID, previous: Position, offset: Int64, sequence: Int64,
        recordedAt: Int64, content: Content
    ) {
        self.position = position
        self.conversation = conversation
        self.previous = previous
        self.offset = offset
        self.sequence = sequence
        self.recordedAt = recordedAt
        self.content = content
    }

    /// The link of a record.
    public init(_ record: JournalRecord) {
        let content: Content =
            switch record.content {
            case .signal(let signal): .signal(id: signal.id, type: signal.type, cause: signal.cause)
            case .marker(let marker): .marker(marker)
            case .removed(let removed): .removed(removed)
            case .unreadable(let reason, let family): .unreadable(reason: reason, family: family)
            }
        self.init(
            position: record.position, conversation: record.conversation, previous: record.previous,
            offset: record.offset, sequence: record.sequence, recordedAt: record.recordedAt, content: content)
    }

    /// The type of the signal or marker; empty if it was removed or cannot be read.
    public var type: String {
        switch content {
        case .signal(_, let type, _): type
        case .marker: Marker.type
        case .removed(let removed): removed.type ?? ""
        case .unreadable: ""
        }
    }

    /// The id of the signal; nil for a marker, and if it was removed or cannot be read.
    public var signalID: String? {
        switch content {
        case .signal(let id, _, _): id
        case .removed(let removed): removed.id
        case .marker, .unreadable: nil
        }
    }

    public var family: Family? {
        switch content {
        case .signal(_, let type, _): Family(type: type)
        case .marker: .applied
        case .removed(let removed): removed.family
        case .unreadable(_, let family): family
        }
    }
}
