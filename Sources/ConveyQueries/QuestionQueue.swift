/// Queries that wait for one thread. The client that was served least recently comes first. If there are too many,
/// those of the client with most are refused: a flood of one client delays only itself.
struct QuestionQueue<Job: Sendable>: Sendable {
    struct Entry: Sendable {
        var job: Job
        /// The client that asks.
        var asker: String
        /// Microseconds of the monotonic clock.
        var asked: Int64
        /// Bytes that the answer needs, if it was built and did not fit; otherwise 0.
        var needs = 0
    }

    /// Maximum clients in the rotation; beyond that, all are forgotten.
    private static var askerLimit: Int { 1_000 }

    private var entries: [Entry] = []
    private var turns: [String: UInt64] = [:]
    private var turn: UInt64 = 0

    var count: Int { entries.count }
    /// Whether a query waits for room for its answer.
    var waitsForRoom: Bool { entries.contains { $0.needs > 0 } }

    /// Adds a query.
    /// - Returns: the query that is refused instead, which may be this one.
    mutating func add(_ entry: Entry, limit: Int) -> Entry? {
        guard entries.count >= limit else {
            entries.append(entry)
            return nil
        }
        var counts: [String: Int] = [:]
        for waiting in entries { counts[waiting.asker, default: 0] += 1 }
        guard let most = counts.max(by: { $0.value < $1.value }), most.value > counts[entry.asker, default: 0] + 1,
            let last = entries.lastIndex(where: { $0.asker == most.key })
        else { return entry }
        let refused = entries.remove(at: last)
        entries.append(entry)
        return refused
    }

    /// Puts back a query whose answer did not fit.
    mutating func putBack(_ entry: Entry) { entries.insert(entry, at: 0) }

    /// The next query that can be answered now: one that has waited for room too long, which is refused, or the first
    /// of the client that was served least recently.
    mutating func next(now: Int64, patience: Int64, hasRoom: (Int) -> Bool) -> Entry? {
        if let late = entries.firstIndex(where: { $0.needs > 0 && now - $0.asked >= patience }) {
            return entries.remove(at: late)
        }
        var best: (index: Int, turn: UInt64)?
        for (index, entry) in entries.enumerated() {
            let turn = turns[entry.asker] ?? 0
            if let best, best.turn <= turn { continue }
            guard entry.needs == 0 || hasRoom(entry.needs) else { continue }
            best = (index, turn)
        }
        guard let best else { return nil }
        let entry = entries.remove(at: best.index)
        turn += 1
        if turns.count >= Self.askerLimit { turns = [:] }
        turns[entry.asker] = turn
        return entry
    }

    /// Removes all.
    mutating func removeAll() -> [Entry] {
        defer { entries = [] }
        return entries
    }
}
