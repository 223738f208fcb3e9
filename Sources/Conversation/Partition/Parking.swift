import Signals

/// The entries that wait for their cause, found by cause and by age.
struct Parking: Sendable {
    private struct CauseKey: Hashable {
        var conversation: Int64
        var id: ExactText
    }

    private struct Parked {
        var entry: Scheduler.Entry
        var isTimed: Bool
    }

    private var entries: [UInt64: Parked] = [:]
    private var waiting: [CauseKey: [UInt64]] = [:]
    /// In the order of parking; may still name entries that have left.
    private var byAge: [(sequence: UInt64, parkedAt: Int64)] = []
    private var byAgeHead = 0

    var isEmpty: Bool { entries.isEmpty }
    /// Entries whose time runs.
    private(set) var timedCount = 0

    /// - Parameter now: when the entry's time begins to run; nil when its cause is recorded and only waits its turn.
    mutating func park(_ entry: Scheduler.Entry, now: Int64?) {
        entries[entry.sequence] = Parked(entry: entry, isTimed: now != nil)
        if let now {
            timedCount += 1
            byAge.append((entry.sequence, now))
        }
        if let key = Self.key(of: entry) { waiting[key, default: []].append(entry.sequence) }
        compact()
    }

    /// Takes out what waits for the signal `cause`, in record order.
    mutating func release(cause: String, conversation: Int64) -> [Scheduler.Entry] {
        guard !entries.isEmpty,
            let sequences = waiting.removeValue(forKey: CauseKey(conversation: conversation, id: ExactText(cause)))
        else { return [] }
        return sequences.sorted().compactMap { remove($0) }
    }

    mutating func expire(until time: Int64, limit: Int) -> [Scheduler.Entry] {
        var expired: [Scheduler.Entry] = []
        while expired.count < limit, let oldestAt = oldest(), oldestAt <= time {
            let sequence = byAge[byAgeHead].sequence
            byAgeHead += 1
            guard let entry = remove(sequence) else { continue }
            forgetCause(of: entry)
            expired.append(entry)
        }
        compact()
        return expired
    }

    mutating func withdraw(conversation: Int64) {
        for (sequence, parked) in entries where parked.entry.conversation == conversation {
            _ = remove(sequence)
            forgetCause(of: parked.entry)
        }
        compact()
    }

    mutating func oldest() -> Int64? {
        while byAgeHead < byAge.count, entries[byAge[byAgeHead].sequence] == nil { byAgeHead += 1 }
        return byAgeHead < byAge.count ? byAge[byAgeHead].parkedAt : nil
    }

    private mutating func remove(_ sequence: UInt64) -> Scheduler.Entry? {
        guard let parked = entries.removeValue(forKey: sequence) else { return nil }
        if parked.isTimed { timedCount -= 1 }
        return parked.entry
    }

    private mutating func forgetCause(of entry: Scheduler.Entry) {
        guard let key = Self.key(of: entry), var sequences = waiting[key] else { return }
        sequences.removeAll { $0 == entry.sequence }
        waiting[key] = sequences.isEmpty ? nil : sequences
    }

    /// Keeps `byAge` within about twice what is parked: O(1) an entry on average.
    private mutating func compact() {
        guard byAge.count > 64, byAge.count > 2 * timedCount else { return }
        byAge = byAge[byAgeHead...].filter { entries[$0.sequence] != nil }
        byAgeHead = 0
    }

    private static func key(of entry: Scheduler.Entry) -> CauseKey? {
        switch entry.cause {
        case .signal(let id): CauseKey(conversation: entry.conversation, id: ExactText(id))
        case .none, .unsatisfiable: nil
        }
    }
}
