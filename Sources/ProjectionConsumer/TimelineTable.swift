import Conversation
import SQLite

/// Timelines as rows. New events join earlier entries as if all were read at once.
final class TimelineTable {
    private let insertEvent: Statement
    private let eventsFrom: Statement
    private let startBefore: Statement
    private let deleteFrom: Statement
    private let insertEntry: Statement
    private let entries: Statement

    init(_ database: Database) throws(SQLiteError) {
        insertEvent = try database.prepare("INSERT OR IGNORE INTO events VALUES (?1, ?2, ?3, ?4, ?5)")
        eventsFrom = try database.prepare(
            "SELECT position, id, type, data FROM events WHERE subject = ?1 AND position >= ?2 ORDER BY position")
        startBefore = try database.prepare(
            "SELECT coalesce(max(position), 0) FROM timeline WHERE subject = ?1 AND position < ?2")
        deleteFrom = try database.prepare("DELETE FROM timeline WHERE subject = ?1 AND position >= ?2")
        insertEntry = try database.prepare("INSERT INTO timeline VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        entries = try database.prepare("SELECT entry FROM timeline WHERE subject = ?1 ORDER BY position")
    }

    func insert(
        _ subject: String, position: Int64, id: String, type: String, data: [UInt8]
    ) throws(SQLiteError) {
        insertEvent.bind(1, subject)
        insertEvent.bind(2, position)
        insertEvent.bind(3, id)
        insertEvent.bind(4, type)
        insertEvent.bind(5, utf8: data)
        try insertEvent.run()
    }

    /// Rebuilds the entries after the last one that begins before `position`. Whether an event joins an entry depends
    /// only on that entry, so earlier ones need no check.
    func project(_ subject: String, from position: Int64) throws(SQLiteError) {
        startBefore.bind(1, subject)
        startBefore.bind(2, position)
        let start = try startBefore.step() ? startBefore.integer(0) : 0
        startBefore.reset()
        deleteFrom.bind(1, subject)
        deleteFrom.bind(2, start)
        try deleteFrom.run()

        var projection = TimelineProjection(options: TimelineProjection.Options(shape: .reference))
        var starts: [Int64] = []
        defer { eventsFrom.reset() }
        eventsFrom.bind(1, subject)
        eventsFrom.bind(2, start)
        while try eventsFrom.step() {
            let count = projection.count
            projection.apply(
                ProjectionEvent(
                    id: eventsFrom.text(1) ?? "", type: eventsFrom.text(2) ?? "", subject: subject,
                    data: eventsFrom.bytes(3), offset: eventsFrom.integer(0)))
            if projection.count > count { starts.append(eventsFrom.integer(0)) }
        }
        for (entry, position) in zip(projection.all, starts) {
            insertEntry.bind(1, subject)
            insertEntry.bind(2, position)
            insertEntry.bind(3, entry.role.rawValue)
            insertEntry.bind(4, entry.kind.rawValue)
            insertEntry.bind(5, entry.content.text)
            insertEntry.bind(6, utf8: entry.encode())
            try insertEntry.run()
        }
    }

    /// The entries as JSON objects.
    func timeline(_ subject: String) throws(SQLiteError) -> [[UInt8]] {
        defer { entries.reset() }
        entries.bind(1, subject)
        var timeline: [[UInt8]] = []
        while try entries.step() { timeline.append(entries.bytes(0)) }
        return timeline
    }
}
