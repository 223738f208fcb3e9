import Signals

/// Ids of the events that Convey makes itself. Each follows from the journal position of what caused it, so a crash and a
/// re-run give the same id, and no two events share one.
package enum DerivedID {
    package static func marker(of applied: Position) -> String { "applied-\(applied)" }
    package static func output(of cause: Position, ordinal: Int) -> String { "out-\(cause)-\(ordinal)" }
    package static func deadLetter(_ position: Position) -> String { "dead-letter-\(position)" }
    /// Of a signal that was re-driven and became a dead letter once more, at this position of the notice.
    package static func deadLetter(_ position: Position, again notice: Position) -> String {
        "\(deadLetter(position))-\(notice)"
    }
    package static func effect(_ key: EffectKey, attempt: Int, lifecycle: String) -> String {
        "effect-\(key)-\(attempt)-\(lifecycle)"
    }
    package static func delta(_ key: EffectKey, attempt: Int, index: Int) -> String {
        "\(deltas(key, attempt: attempt))\(index)"
    }
    /// What the ids of an attempt's deltas begin with.
    package static func deltas(_ key: EffectKey, attempt: Int) -> String { "effect-\(key)-\(attempt)-progress-" }
    package static func approvalRequest(_ key: EffectKey) -> String { "out-approval-\(key)" }
    package static func waiting(_ key: EffectKey, attempt: Int) -> String { "out-waiting-\(key)-\(attempt)" }
    package static func attemptFailed(_ key: EffectKey, attempt: Int) -> String { "attempt-failed-\(key)-\(attempt)" }
    /// - Parameter position: its own: a result may come late more than once.
    package static func lateResult(_ key: EffectKey, at position: Position) -> String {
        "late-result-\(key)-\(position)"
    }
    package static func unknownTarget(_ request: Position) -> String { "no-such-effect-\(request)" }
    package static func setAside(_ event: Position) -> String { "set-aside-\(event)" }
    /// From the message itself: the broker may deliver it again before it was acknowledged.
    package static func rejection(_ contentHash: UInt64) -> String { "rejected-" + String(contentHash, radix: 16) }

    /// The position a marker's id is about; nil for any other id.
    package static func appliedPosition(marker id: String) -> Position? {
        guard id.hasPrefix("applied-") else { return nil }
        return Int64(id.dropFirst("applied-".count)).map { Position($0) }
    }
}

/// Sources of the events that Convey makes itself.
package enum DerivedSource {
    package static let reducer = "/convey/reducer"
    package static let projections = "/convey/projections"
    package static let effects = Signal.effectSource
    package static let ingress = "/convey/ingress"
    package static let outbox = "/convey/outbox"
    package static let scheduler = "/convey/scheduler"
    package static let recovery = "/convey/recovery"
    package static let `operator` = "/convey/operator"
}
