import Signals

/// The part of a conversation that applied signals change: its state, and what the engine needs in addition.
///
/// A pure value. Processing, recovery and verification all use `apply`, so they get the same result.
public struct ConversationCore: Sendable, Equatable {
    public var state: ConversationState
    /// The newest offset of an applied abort, stop or cancel: effects of signals recorded before it do not start.
    public var canceledThrough: Int64
    /// The newest applied `conv.in.conversation.configured`; nil if there is none. Not part of the state, because a
    /// state does not depend on journal positions.
    public var configured: Position?

    public init(
        state: ConversationState = ConversationState(), canceledThrough: Int64 = 0, configured: Position? = nil
    ) {
        self.state = state
        self.canceledThrough = canceledThrough
        self.configured = configured
    }

    /// Continues after a signal whose content is gone: from here on only the digest of the state is correct.
    package mutating func skip(to digest: UInt64) { state.digest = digest }

    /// Applies a recorded signal.
    /// - Returns: what must be done, in order. The first is the marker, unless the signal is a marker itself.
    public mutating func apply(_ recorded: RecordedSignal, priority: Priority) -> [Directive] {
        let signal = recorded.signal
        if priority == .control { canceledThrough = max(canceledThrough, recorded.offset) }
        if signal.type == SignalType.conversationConfigured { configured = recorded.position }
        let directives = Reducer.apply(
            signal, priority: priority, offset: recorded.offset, recordHash: recorded.hash, to: &state)
        guard signal.isForked else { return directives }
        // Copies of its consequences follow a copied signal, so it must not cause them again.
        return directives.filter { directive in
            switch directive {
            case .emitAppliedMarker: true
            case .startEffect, .cancelEffects, .emitOutput, .decide, .retryAnswer, .cancelEffect: false
            }
        }
    }
}
