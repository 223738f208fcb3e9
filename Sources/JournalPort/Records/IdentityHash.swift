import Signals

/// Hash of what signals are looked up by: as a repeat, and as a cause. Hashes may collide, and the source is not part of it:
/// compare the signals.
public enum IdentityHash {
    public static func of(subject: String, id: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(subject)
        hash.combine(id)
        return hash.value
    }
}
