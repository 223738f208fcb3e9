import JournalPort

/// The places of a class's attempts, and who waits for one.
struct ClassPlaces {
    /// Attempts that may run; fewer than run already only keep further ones from starting.
    var limit: Int
    private var keys: [EffectKey] = []
    private var head = 0
    /// Of the keys, those whose effect has not ended.
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

    /// An effect of the queue has started or ended; in the latter case its key is passed over when its turn comes.
    mutating func leaveQueue() { queued -= 1 }

    /// The next key if a place is free; its effect may have ended.
    var first: EffectKey? { running < limit && head < keys.count ? keys[head] : nil }

    /// The next keys, as many as there are free places and such that become free; their effects may have ended.
    func next(freed: Int) -> ArraySlice<EffectKey> { keys[head...].prefix(max(0, limit - running + freed)) }

    mutating func removeFirst() {
        head += 1
        if head >= 256, head * 2 >= keys.count {
            keys.removeFirst(head)
            head = 0
        }
    }
}
