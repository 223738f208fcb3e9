import Signals

/// A signal with its position in the journal: partitions schedule it and conversations apply it.
public struct RecordedSignal: Sendable, Equatable {
    public var signal: Signal
    public var position: Position
    public var conversation: ConversationID
    /// Offset in its conversation, from 1.
    public var offset: Int64
    /// The hash of the record: of all that is recorded of the signal, including its time and position.
    public var hash: UInt64

    public init(signal: Signal, position: Position, conversation: ConversationID, offset: Int64, hash: UInt64) {
        self.signal = signal
        self.position = position
        self.conversation = conversation
        self.offset = offset
        self.hash = hash
    }
}
