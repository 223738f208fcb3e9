import Conversation
import SQLite
import Signals

/// The events seen, by conversation, family and sequence: detects repeats, and finds holes.
final class SequenceTable {
    private let read: Statement
    private let write: Statement
    private let around: Statement
    private let insertHole: Statement
    private let deleteHole: Statement
    private let page: Statement

    init(_ database: Database) throws(SQLiteError) {
        read = try database.prepare("SELECT sequence FROM progress WHERE subject = ?1 AND family = ?2")
        write = try database.prepare("INSERT OR REPLACE INTO progress VALUES (?1, ?2, ?3)")
        around = try database.prepare(
            "SELECT first, last FROM holes WHERE subject = ?1 AND family = ?2 AND first <= ?3 AND last >= ?3")
        insertHole = try database.prepare("INSERT INTO holes VALUES (?1, ?2, ?3, ?4)")
        deleteHole = try database.prepare("DELETE FROM holes WHERE subject = ?1 AND family = ?2 AND first = ?3")
        page = try database.prepare("SELECT subject, family, first, last FROM holes LIMIT ?1")
    }

    /// The highest sequence seen; 0 before the first.
    func highest(_ subject: String, _ family: Family) throws(SQLiteError) -> Int64 {
        defer { read.reset() }
        read.bind(1, subject)
        read.bind(2, family.name)
        return try read.step() ? read.integer(0) : 0
    }

    /// Notes an event; false if it was already seen.
    func note(_ event: ConsumedEvent) throws(SQLiteError) -> Bool {
        let highest = try highest(event.subject, event.family)
        guard event.sequence > highest else { return try fill(event) }
        if event.sequence > highest + 1 { try insert(event, first: highest + 1, last: event.sequence - 1) }
        write.bind(1, event.subject)
        write.bind(2, event.family.name)
        write.bind(3, event.sequence)
        try write.run()
        return true
    }

    func holes(limit: Int) throws(SQLiteError) -> [SequenceHole] {
        defer { page.reset() }
        page.bind(1, limit)
        var holes: [SequenceHole] = []
        while try page.step() {
            guard let subject = page.text(0), let name = page.text(1),
                let family = Family.allCases.first(where: { $0.name == name })
            else { continue }
            holes.append(
                SequenceHole(subject: subject, family: family, first: page.integer(2), last: page.integer(3)))
        }
        return holes
    }

    private func fill(_ event: ConsumedEvent) throws(SQLiteError) -> Bool {
        around.bind(1, event.subject)
        around.bind(2, event.family.name)
        around.bind(3, event.sequence)
        guard try around.step() else {
            around.reset()
            return false
        }
        let (first, last) = (around.integer(0), around.integer(1))
        around.reset()
        deleteHole.bind(1, event.subject)
        deleteHole.bind(2, event.family.name)
        deleteHole.bind(3, first)
        try deleteHole.run()
        if first < event.sequence { try insert(event, first: first, last: event.sequence - 1) }
        if event.sequence < last { try insert(event, first: event.sequence + 1, last: last) }
        return true
    }

    private func insert(_ event: ConsumedEvent, first: Int64, last: Int64) throws(SQLiteError) {
        insertHole.bind(1, event.subject)
        insertHole.bind(2, event.family.name)
        insertHole.bind(3, first)
        insertHole.bind(4, last)
        try insertHole.run()
    }
}
