import Signals

/// Ids of the events that a shard creates itself. Each is derived from the journal position of its cause, so a crash
/// and a re-run give the same id. The shard's tag separates the ids of shards and data directories.
package struct DerivedIDs: Sendable, Hashable {
    private let tag: String
    private let marker: String
    private let output: String
    private let effect: String

    package init(_ tag: ShardTag) {
        self.tag = tag.text
        marker = "applied-\(tag)-"
        output = "out-\(tag)-"
        effect = "effect-\(tag)-"
    }

    package func marker(of applied: Position) -> String { marker + applied.description }
    package func output(of cause: Position, ordinal: Int) -> String { "\(output)\(cause)-\(ordinal)" }
    package func deadLetter(_ position: Position) -> String { "dead-letter-\(tag)-\(position)" }
    /// For a signal that was re-driven and became a dead letter again, at this position of the notice.
    package func deadLetter(_ position: Position, again notice: Position) -> String {
        "\(deadLetter(position))-\(notice)"
    }
    /// - Parameters:
    ///   - what: `redriven` or `discarded`.
    ///   - notice: the notice's own position, because a signal may be re-driven more than once.
    package func deadLetterMoved(_ what: String, _ position: Position, at notice: Position) -> String {
        "\(what)-\(tag)-\(position)-\(notice)"
    }

    /// Identifies an effect outside its shard. Also the idempotency key for providers and tools: the same in every
    /// attempt.
    package func key(_ key: EffectKey) -> String { "\(tag)-\(key)" }
    package func effect(_ key: EffectKey, attempt: Int, lifecycle: String) -> String {
        "\(effect)\(key)-\(attempt)-\(lifecycle)"
    }
    package func delta(_ key: EffectKey, attempt: Int, index: Int) -> String {
        "\(deltas(key, attempt: attempt))\(index)"
    }
    /// The common prefix of the ids of an attempt's deltas.
    package func deltas(_ key: EffectKey, attempt: Int) -> String { "\(effect)\(key)-\(attempt)-progress-" }
    package func approvalRequest(_ key: EffectKey) -> String { "out-approval-\(tag)-\(key)" }
    package func waiting(_ key: EffectKey, attempt: Int) -> String { "out-waiting-\(tag)-\(key)-\(attempt)" }
    package func attemptFailed(_ key: EffectKey, attempt: Int) -> String { "attempt-failed-\(tag)-\(key)-\(attempt)" }
    /// - Parameter position: the event's own position, because late results can occur more than once.
    package func lateResult(_ key: EffectKey, at position: Position) -> String {
        "late-result-\(tag)-\(key)-\(position)"
    }
    package func toolDecided(_ key: EffectKey) -> String { "decided-\(tag)-\(key)" }
    package func toolDecisionRefused(_ decision: Position) -> String { "decision-refused-\(tag)-\(decision)" }
    /// - Parameter key: the key of the effect that retries the answer.
    package func answerRetried(_ key: EffectKey) -> String { "retried-\(tag)-\(key)" }
    package func unknownTarget(_ request: Position) -> String { "no-such-effect-\(tag)-\(request)" }

    /// For an event that the broker does not accept.
    package func setAside(_ event: Position) -> String { "set-aside-\(tag)-\(event)" }
    /// - Parameters:
    ///   - what: the change of the conversation.
    ///   - notice: the notice's own position.
    package func conversation(_ what: String, at notice: Position) -> String { "\(what)-\(tag)-\(notice)" }
    /// Derived from the message itself, because the broker may deliver it again before it was acknowledged.
    package func rejection(_ contentHash: UInt64) -> String { "rejected-\(tag)-" + String(contentHash, radix: 16) }

    /// The position that a marker's id refers to; nil for any other id, including those of other shards' markers.
    package func appliedPosition(marker id: String) -> Position? {
        guard id.hasPrefix(marker) else { return nil }
        let digits = id.dropFirst(marker.count)
        // Accept only one spelling, so that no two ids name the same marker.
        guard let number = Int64(digits), number > 0, String(number) == digits else { return nil }
        return Position(number)
    }

    /// The effect that an `answerRetried` id refers to; nil for any other id, including those of other shards.
    package func effectKey(retried id: String) -> EffectKey? {
        let prefix = "retried-\(tag)-"
        return id.hasPrefix(prefix) ? EffectKey(String(id.dropFirst(prefix.count))) : nil
    }

    /// The effect that a lifecycle signal's id, `effect-{tag}-{position}-{ordinal}-{attempt}-…`, refers to; nil for any
    /// other id, including those of other shards' effects.
    package func effectKey(lifecycle id: String) -> EffectKey? {
        guard id.hasPrefix(effect) else { return nil }
        let parts = id.dropFirst(effect.count).split(separator: "-", maxSplits: 2)
        guard parts.count == 3, let cause = Int64(parts[0]), let ordinal = Int(parts[1]) else { return nil }
        return EffectKey(cause: Position(cause), ordinal: ordinal)
    }
}
