import JournalPort

/// The generations of one conversation: one has its turn, the others wait in the order in which they were ordered.
struct TurnLine {
    var active: EffectKey?
    private var keys: [EffectKey] = []
    private var head = 0
    /// Of the keys, those whose effect has not ended.
    private var live = 0

    var isEmpty: Bool { active == nil && live == 0 }
    /// Those whose effect has ended are among them until their turn comes.
    var waiting: ArraySlice<EffectKey> { keys[head...] }

    mutating func append(_ key: EffectKey) {
        keys.append(key)
        live += 1
    }

    /// An effect has ended.
    mutating func remove(_ key: EffectKey) {
        if active == key { active = nil } else { live -= 1 }
    }

    /// The caller makes it the active one, unless its effect has ended.
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
