import Signals

/// The entries that wait for their cause, found by cause and by age.
struct Parking: Sendable {
    private struct CauseKey: Hashable {
        var conversation: ConversationID
        var id: ExactText
    }

    private struct Parked {
        var entry: Scheduler.Entry
        var isTimed: Bool
    }

    private var entries: [Position: Parked] = [:]
    private var waiting: [CauseKey: [Position]] = [:]
    /// In the order of parking; may still contain entries that are gone.
    private var byAge: [(position: Position, parkedAt: Int64)] = []
    private var byAgeHead = 0

    var isEmpty: Bool { entries.isEmpty }
    /// Entries that time out.
    private(set) var timedCount = 0

    /// - Parameter now: the time from which the entry's time-out runs; nil if its cause is recorded and will be
    ///   applied.
    mutating func park(_ entry: Scheduler.Entry, now: Int64?) {
        entries[entry.position] = Parked(entry: entry, isTimed: now != nil)
        if let now {
            timedCount += 1
            byAge.append((entry.position, now))
        }
        if let key = Self.key(of: entry) { waiting[key, default: []].append(entry.position) }
        compact()
    }

    /// Removes and returns the entries that wait for the signal `cause`, in record order.
    mutating func release(cause: String, conversation: ConversationID) -> [Scheduler.Entry] {
        guard !entries.isEmpty,
            let positions = waiting.removeValue(forKey: CauseKey(conversation: conversation, id: ExactText(cause)))
        else { return [] }
        return positions.sorted().compactMap { remove($0) }
    }

    /// The entries that wait for the signal `cause`.
    func entries(cause: String, conversation: ConversationID) -> [Scheduler.Entry] {
        guard !entries.isEmpty else { return [] }
        return (waiting[CauseKey(conversation: conversation, id: ExactText(cause))] ?? []).compactMap {
            entries[$0]?.entry
        }
    }

    mutating func expire(until time: Int64, limit: Int) -> [Scheduler.Entry] {
        var expired: [Scheduler.Entry] = []
        while expired.count < limit, let oldestAt = oldest(), oldestAt <= time {
            let position = byAge[byAgeHead].position
            byAgeHead += 1
            guard let entry = remove(position) else { continue }
            forgetCause(of: entry)
            expired.append(entry)
        }
        compact()
        return expired
    }

    mutating func withdraw(conversation: ConversationID) {
        for (position, parked) in entries where parked.entry.conversation == conversation {
            _ = remove(position)
            forgetCause(of: parked.entry)
        }
        compact()
    }

    mutating func oldest() -> Int64? {
        while byAgeHead < byAge.count, entries[byAge[byAgeHead].position] == nil { byAgeHead += 1 }
        return byAgeHead < byAge.count ? byAge[byAgeHead].parkedAt : nil
    }

    private mutating func remove(_ position: Position) -> Scheduler.Entry? {
        guard let parked = entries.removeValue(forKey: position) else { return nil }
        if parked.isTimed { timedCount -= 1 }
        return parked.entry
    }

    private mutating func forgetCause(of entry: Scheduler.Entry) {
        guard let key = Self.key(of: entry), var positions = waiting[key] else { return }
        positions.removeAll { $0 == entry.position }
        waiting[key] = positions.isEmpty ? nil : positions
    }

    /// Keeps `byAge` within about twice the parked entries: O(1) per entry on average.
    private mutating func compact() {
        guard byAge.count > 64, byAge.count > 2 * timedCount else { return }
        byAge = byAge[byAgeHead...].filter { entries[$0.position] != nil }
        byAgeHead = 0
    }

    private static func key(of entry: Scheduler.Entry) -> CauseKey? {
        switch entry.cause {
        case .signal(let id): CauseKey(conversation: entry.conversation, id: ExactText(id))
        case .none, .unsatisfiable: nil
        }
    }
}
