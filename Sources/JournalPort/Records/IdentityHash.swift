import Signals

/// Hash for looking up signals: to find repeats and causes. Hashes may collide, and the source is not part of the hash,
/// so compare the signals.
public enum IdentityHash {
    public static func of(subject: String, id: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(subject)
        hash.combine(id)
        return hash.value
    }
}
