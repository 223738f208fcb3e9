/// Questions that wait for one thread. The client that has asked least recently comes first. Where there are too many, those of
/// the client with most give way: one client's flood delays the flood.
struct QuestionQueue<Job: Sendable>: Sendable {
    struct Entry: Sendable {
        var job: Job
        /// Whose question it is.
        var asker: String
        /// Microseconds of the monotonic clock.
        var asked: Int64
        /// What its answer needs, in bytes, where it has been made and did not fit; else 0.
        var needs = 0
    }

    /// Askers whose last turn is known; beyond, all are forgotten.
    private static var askerLimit: Int { 1_000 }

    private var entries: [Entry] = []
    private var turns: [String: UInt64] = [:]
    private var turn: UInt64 = 0

    var count: Int { entries.count }
    /// Whether one waits for room for its answer.
    var waitsForRoom: Bool { entries.contains { $0.needs > 0 } }

    /// Adds a question.
    /// - Returns: the question that is refused for it, which may be this one.
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

    /// Puts a question back whose answer did not fit.
    mutating func putBack(_ entry: Entry) { entries.insert(entry, at: 0) }

    /// The next question that can be answered now: one that has waited for room too long, which is refused, or the first of
    /// the asker whose last turn is the longest ago.
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

    /// Takes all.
    mutating func removeAll() -> [Entry] {
        defer { entries = [] }
        return entries
    }
}
