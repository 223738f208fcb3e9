/// An open effect as the journal knows it, with what a person wants to know of the signal that ordered it.
public struct EffectUnderWay: Sendable, Equatable {
    /// What it is doing, as far as rows tell it: they say nothing of turns and places, so all that has not begun waits.
    public enum State: String, Sendable, CaseIterable {
        /// No attempt has started: it waits for its turn or a place, until `dueAt` where there is one.
        case waiting
        /// An attempt has started and has not ended.
        case running
        /// The newest attempt has failed; the next starts at `dueAt`.
        case retrying
        /// A timer that fires at `dueAt`.
        case timer
        /// A person must allow it first.
        case awaitingApproval = "awaiting_consent"
    }

    public var effect: OpenEffect
    /// The offset of the signal that ordered it.
    public var causeOffset: Int64
    /// When that was recorded, microseconds since 1970.
    public var orderedAt: Int64

    public init(effect: OpenEffect, causeOffset: Int64, orderedAt: Int64) {
        self.effect = effect
        self.causeOffset = causeOffset
        self.orderedAt = orderedAt
    }

    public var state: State {
        if effect.awaitsApproval { return .awaitingApproval }
        if effect.effectClass == .timer { return .timer }
        if effect.attempt == 0 { return .waiting }
        return effect.dueAt == nil ? .running : .retrying
    }
}
