import Signals

/// Identifies an effect of a shard: the record whose application ordered it, and the index among that record's effects.
/// Stable across restarts, unlike a random id, and unique even if two producers used the same signal id.
/// `DerivedIDs.key` identifies it among the effects of all shards.
public struct EffectKey: Hashable, Sendable, CustomStringConvertible {
    public var cause: Position
    public var ordinal: Int

    public init(cause: Position, ordinal: Int) {
        self.cause = cause
        self.ordinal = ordinal
    }

    /// `{position}-{ordinal}`.
    public var description: String { "\(cause)-\(ordinal)" }

    /// Reads a `description`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let cause = Int64(parts[0]), let ordinal = Int(parts[1]), ordinal >= 0 else {
            return nil
        }
        self.init(cause: Position(cause), ordinal: ordinal)
    }
}
