import JournalPort

/// The generations of one conversation: one has the turn, the others wait in the order in which they were ordered.
struct TurnLine {
    var active: EffectKey?
    private var keys: [EffectKey] = []
    private var head = 0
    /// The number of keys whose effect has not ended.
    private var live = 0

    var isEmpty: Bool { active == nil && live == 0 }
    /// Includes generations whose effect has ended; they are skipped later.
    var waiting: ArraySlice<EffectKey> { keys[head...] }

    mutating func append(_ key: EffectKey) {
        keys.append(key)
        live += 1
    }

    /// An effect has ended.
    mutating func remove(_ key: EffectKey) {
        if active == key { active = nil } else { live -= 1 }
    }

    /// The caller activates it, unless its effect has ended.
    mutating func takeFirst() -> EffectKey? {
        guard head < keys.count else { return nil }
        let key = keys[head]
        head += 1
        return key
    }

    mutating func activate(_ key: EffectKey) {
        active = key
        live -= 1
    }
}
