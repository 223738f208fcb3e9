/// An open effect as the journal knows it, with the details of the ordering signal that people need.
public struct EffectUnderWay: Sendable, Equatable {
    /// The effect's state as far as rows show it: they do not contain turns and slots, so every effect that has not
    /// begun waits.
    public enum State: String, Sendable, CaseIterable {
        /// No attempt has started: it waits for its turn or a slot, until `dueAt` if that is set.
        case waiting
        /// An attempt has started and has not ended.
        case running
        /// The newest attempt has failed; the next starts at `dueAt`.
        case retrying
        /// A timer that fires at `dueAt`.
        case timer
        /// A person must approve it first.
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
