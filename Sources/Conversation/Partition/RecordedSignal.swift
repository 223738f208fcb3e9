import Signals

/// A signal with its place in the journal: what a partition schedules and a conversation applies.
public struct RecordedSignal: Sendable, Equatable {
    public var signal: Signal
    public var position: Position
    public var conversation: ConversationID
    /// Place in the record order of its conversation, from 1.
    public var offset: Int64
    /// The hash of the record: of everything that is recorded of the signal, its time and place included.
    public var hash: UInt64

    public init(signal: Signal, position: Position, conversation: ConversationID, offset: Int64, hash: UInt64) {
        self.signal = signal
        self.position = position
        self.conversation = conversation
        self.offset = offset
        self.hash = hash
    }
}
