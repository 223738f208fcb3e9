import Signals

/// The part of a conversation that applications change: its state, and what the engine needs in addition.
///
/// A pure value. Processing, recovery and verification all use `apply`, so they get the same result.
public struct ConversationCore: Sendable, Equatable {
    public var state: ConversationState
    /// The newest offset of an applied abort, stop or cancel: effects of signals recorded before it do not start.
    public var canceledThrough: Int64
    /// The newest applied `conv.in.conversation.configured`; nil when there is none. Not part of the state, because nothing
    /// in a state depends on a journal's positions.
    public var configured: Position?

    public init(
        state: ConversationState = ConversationState(), canceledThrough: Int64 = 0, configured: Position? = nil
    ) {
        self.state = state
        self.canceledThrough = canceledThrough
        self.configured = configured
    }

    /// Goes on behind an application whose signal's content is gone: of the state only the digest is right from here on.
    package mutating func skip(to digest: UInt64) { state.digest = digest }

    /// Applies a recorded signal.
    /// - Returns: what has to be done, in order. The first is the marker, unless the signal is a marker itself.
    public mutating func apply(_ recorded: RecordedSignal, priority: Priority) -> [Directive] {
        let signal = recorded.signal
        if priority == .control { canceledThrough = max(canceledThrough, recorded.offset) }
        if signal.type == SignalType.conversationConfigured { configured = recorded.position }
        let directives = Reducer.apply(
            signal, priority: priority, offset: recorded.offset, recordHash: recorded.hash, to: &state)
        guard signal.isForked else { return directives }
        // A copied signal is followed by copies of its consequences, so it must not cause them again.
        return directives.filter { directive in
            switch directive {
            case .emitAppliedMarker: true
            case .startEffect, .cancelEffects, .emitOutput, .decide, .retryAnswer, .cancelEffect: false
            }
        }
    }
}
