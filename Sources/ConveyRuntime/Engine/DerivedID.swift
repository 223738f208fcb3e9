import Signals

/// Ids of the events that Convey makes itself. Each follows from the journal position of what caused it, so a crash and a
/// re-run give the same id, and no two events share one.
enum DerivedID {
    static func marker(of applied: Position) -> String { "applied-\(applied)" }
    static func output(of cause: Position, ordinal: Int) -> String { "out-\(cause)-\(ordinal)" }
    static func deadLetter(_ position: Position) -> String { "dead-letter-\(position)" }
    /// Of a signal that was re-driven and became a dead letter once more, at this position of the notice.
    static func deadLetter(_ position: Position, again notice: Position) -> String {
        "\(deadLetter(position))-\(notice)"
    }
    static func effect(_ key: EffectKey, attempt: Int, lifecycle: String) -> String {
        "effect-\(key)-\(attempt)-\(lifecycle)"
    }
    static func delta(_ key: EffectKey, attempt: Int, index: Int) -> String {
        "\(deltas(key, attempt: attempt))\(index)"
    }
    /// What the ids of an attempt's deltas begin with.
    static func deltas(_ key: EffectKey, attempt: Int) -> String { "effect-\(key)-\(attempt)-progress-" }
    static func approvalRequest(_ key: EffectKey) -> String { "out-approval-\(key)" }
    static func waiting(_ key: EffectKey, attempt: Int) -> String { "out-waiting-\(key)-\(attempt)" }
    static func attemptFailed(_ key: EffectKey, attempt: Int) -> String { "attempt-failed-\(key)-\(attempt)" }
    /// - Parameter position: its own: a result may come late more than once.
    static func lateResult(_ key: EffectKey, at position: Position) -> String { "late-result-\(key)-\(position)" }
    static func unknownTarget(_ request: Position) -> String { "no-such-effect-\(request)" }
    static func setAside(_ event: Position) -> String { "set-aside-\(event)" }
    /// From the message itself: the broker may deliver it again before it was acknowledged.
    static func rejection(_ contentHash: UInt64) -> String { "rejected-" + String(contentHash, radix: 16) }

    /// The position a marker's id is about; nil for any other id.
    static func appliedPosition(marker id: String) -> Position? {
        guard id.hasPrefix("applied-") else { return nil }
        return Int64(id.dropFirst("applied-".count)).map { Position($0) }
    }
}

/// Sources of the events that Convey makes itself.
enum DerivedSource {
    static let reducer = "/convey/reducer"
    static let projections = "/convey/projections"
    static let effects = Signal.effectSource
    static let ingress = "/convey/ingress"
    static let outbox = "/convey/outbox"
    static let scheduler = "/convey/scheduler"
    static let recovery = "/convey/recovery"
    static let `operator` = "/convey/operator"
}
