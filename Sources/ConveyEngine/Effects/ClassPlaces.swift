import JournalPort

/// The slots of a class's attempts, and the effects that wait for one.
struct ClassPlaces {
    /// Maximum running attempts; if it is below the current number, it only prevents further ones from starting.
    var limit: Int
    private var keys: [EffectKey] = []
    private var head = 0
    /// The number of keys whose effect has not ended.
    private(set) var queued = 0
    var running = 0

    init(limit: Int) {
        self.limit = limit
    }

    var hasStartable: Bool { running < limit && queued > 0 }

    mutating func queue(_ key: EffectKey) {
        keys.append(key)
        queued += 1
    }

    /// A queued effect has started or ended; if it has ended, its key is skipped later.
    mutating func leaveQueue() { queued -= 1 }

    /// The next key if a slot is free; its effect may have ended.
    var first: EffectKey? { running < limit && head < keys.count ? keys[head] : nil }

    /// The next keys, as many as there are free slots and slots that become free; their effects may have ended.
    func next(freed: Int) -> ArraySlice<EffectKey> { keys[head...].prefix(max(0, limit - running + freed)) }

    mutating func removeFirst() {
        head += 1
        if head >= 256, head * 2 >= keys.count {
            keys.removeFirst(head)
            head = 0
        }
    }
}
