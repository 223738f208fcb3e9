import Conversation
import SQLite
import Signals

/// Timelines in a separate database, built only from published events: the worked example of a projection.
///
/// Order and repeats do not matter. A marker gives its signal's place in the conversation, so an output is shown once
/// its marker has arrived; every event counts once, by its sequence. Belongs to one thread.
package final class ProjectionStore {
    /// Identifies the broker session that belongs to this database: the database contains what that session has
    /// delivered.
    package let clientID: String
    private let database: Database
    private let sequences: SequenceTable
    private let timelines: TimelineTable
    private let insertOutput: Statement
    private let findOutput: Statement
    private let deleteOutput: Statement
    private let insertPlace: Statement
    private let findPlace: Statement
    private let deletePlace: Statement

    /// Opens a database, or creates it.
    /// - Parameter newClientID: stored in a new database.
    package init(path: String, newClientID: String) throws(SQLiteError) {
        let exists = try ProjectionSchema.check(path)
        database = try Database(path: path, mode: exists ? .readWrite : .create)
        try ProjectionSchema.prepare(database, clientID: newClientID)
        clientID = try database.text("SELECT value FROM settings WHERE name = 'client_id'")
        sequences = try SequenceTable(database)
        timelines = try TimelineTable(database)
        insertOutput = try database.prepare("INSERT INTO outputs VALUES (?1, ?2, ?3, ?4, ?5)")
        findOutput = try database.prepare(
            "SELECT sequence, type, data FROM outputs WHERE subject = ?1 AND id = ?2 ORDER BY sequence LIMIT 1")
        deleteOutput = try database.prepare("DELETE FROM outputs WHERE subject = ?1 AND id = ?2 AND sequence = ?3")
        insertPlace = try database.prepare("INSERT OR IGNORE INTO places VALUES (?1, ?2, ?3)")
        findPlace = try database.prepare(
            "SELECT position FROM places WHERE subject = ?1 AND id = ?2 ORDER BY position LIMIT 1")
        deletePlace = try database.prepare("DELETE FROM places WHERE subject = ?1 AND id = ?2 AND position = ?3")
    }

    /// Applies events in one transaction: all of them, or none. Keeps only the families `applied` and `out`.
    /// - Returns: the number of new events.
    package func apply(_ events: [ConsumedEvent]) throws(SQLiteError) -> Int {
        do {
            try database.begin()
            var changed: [ExactText: Int64] = [:]
            var count = 0
            for event in events where event.family == .applied || event.family == .output {
                guard try sequences.note(event) else { continue }
                count += 1
                guard let position = try take(event) else { continue }
                let subject = ExactText(event.subject)
                changed[subject] = min(changed[subject] ?? position, position)
            }
            for (subject, position) in changed { try timelines.project(subject.text, from: position) }
            try database.commit()
            return count
        } catch {
            database.rollback()
            throw error
        }
    }

    /// The place of a newly shown output or message; nil if there is none.
    private func take(_ event: ConsumedEvent) throws(SQLiteError) -> Int64? {
        if event.family == .output { return try take(output: event) }
        guard let marker = event.marker else { return nil }
        if let data = marker.signalData, marker.signalType == SignalType.messageReceived {
            try timelines.insert(
                event.subject, position: marker.offset, id: marker.signalID, type: marker.signalType, data: data)
            return marker.offset
        }
        return Family(type: marker.signalType) == .output ? try place(marker, event.subject) : nil
    }

    private func take(output: ConsumedEvent) throws(SQLiteError) -> Int64? {
        findPlace.bind(1, output.subject)
        findPlace.bind(2, output.id)
        let position = try findPlace.step() ? findPlace.integer(0) : nil
        findPlace.reset()
        guard let position else {
            insertOutput.bind(1, output.subject)
            insertOutput.bind(2, output.id)
            insertOutput.bind(3, output.sequence)
            insertOutput.bind(4, output.type)
            insertOutput.bind(5, utf8: output.data)
            try insertOutput.run()
            return nil
        }
        try run(deletePlace, output.subject, output.id, position)
        try timelines.insert(
            output.subject, position: position, id: output.id, type: output.type, data: output.data)
        return position
    }

    private func place(_ marker: ConsumedEvent.Marker, _ subject: String) throws(SQLiteError) -> Int64? {
        findOutput.bind(1, subject)
        findOutput.bind(2, marker.signalID)
        let found = try findOutput.step() ? (findOutput.integer(0), findOutput.text(1) ?? "", findOutput.bytes(2)) : nil
        findOutput.reset()
        guard let (sequence, type, data) = found else {
            try run(insertPlace, subject, marker.signalID, marker.offset)
            return nil
        }
        try run(deleteOutput, subject, marker.signalID, sequence)
        try timelines.insert(subject, position: marker.offset, id: marker.signalID, type: type, data: data)
        return marker.offset
    }

    /// Runs a statement whose parameters are subject, id and a number.
    private func run(
        _ statement: Statement, _ subject: String, _ id: String, _ number: Int64
    ) throws(SQLiteError) {
        statement.bind(1, subject)
        statement.bind(2, id)
        statement.bind(3, number)
        try statement.run()
    }

    /// Some of the holes.
    package func holes(limit: Int) throws(SQLiteError) -> [SequenceHole] { try sequences.holes(limit: limit) }

    /// The highest sequence seen of a conversation's family; 0 before the first.
    package func highest(_ subject: String, _ family: Family) throws(SQLiteError) -> Int64 {
        try sequences.highest(subject, family)
    }

    /// A conversation's entries as JSON objects.
    package func timeline(_ subject: String) throws(SQLiteError) -> [[UInt8]] { try timelines.timeline(subject) }
}
