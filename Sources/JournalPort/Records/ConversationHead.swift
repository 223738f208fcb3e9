import Signals

/// The newest state of a conversation's chain, as of a commit.
public struct ConversationHead: Sendable, Equatable {
    public var id: ConversationID
    public var subject: String
    public var partition: Int
    /// The newest record.
    public var position: Position
    /// Its offset: the number of records of the conversation.
    public var offset: Int64
    /// When it was recorded, microseconds since 1970.
    public var recordedAt: Int64

    public init(
        id: ConversationID, subject: String, partition: Int, position: Position, offset: Int64, recordedAt: Int64
    ) {
        self.id = id
        self.subject = subject
        self.partition = partition
        self.position = position
        self.offset = offset
        self.recordedAt = recordedAt
    }
}
