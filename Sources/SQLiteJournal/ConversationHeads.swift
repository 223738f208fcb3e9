import JournalPort
import SQLite
import Signals

/// The heads of conversations as of the newest commit.
///
/// A conversation's row is saved only at checkpoints and evictions. Records since the last checkpoint are read once,
/// without data, and remembered by conversation; later calls read only newer records. So the checkpoint interval bounds
/// the memory and the cost of the first call, and writing costs nothing extra (docs/adr/0017-queries.md).
final class ConversationHeads {
    private struct Place {
        var position: Position
        var offset: Int64
        var recordedAt: Int64
    }

    private let database: Database
    private let records: RecordTable
    private let tail: Statement
    private let checkpoint: Statement
    /// One conversation without its state, which takes longer to read than everything else.
    private let bySubject: Statement
    private let byID: Statement
    private let listed: Statement
    private let bounding: Statement
    private var places: [Int64: Place] = [:]
    /// Records up to here are in `places`, or were checkpointed.
    private var read = Position.start

    init(
        _ database: Database, _ records: RecordTable
    ) throws(JournalError) {
        self.database = database
        self.records = records
        tail = try database.prepare(
            "SELECT position, conversation, offset, recorded_at FROM journal WHERE position > ?1 ORDER BY position")
        checkpoint = try database.prepare("SELECT position FROM cursors WHERE name = 'checkpoint'")
        let columns = "id, subject, partition, head, offset"
        bySubject = try database.prepare("SELECT \(columns) FROM conversations WHERE subject = ?1")
        byID = try database.prepare("SELECT \(columns) FROM conversations WHERE id = ?1")
        let range = "subject >= ?1 AND subject <> ?2 AND subject <= ?3"
        // SQLite's LIKE handles case only for ASCII letters, and is four times faster than instr(lower(…)).
        listed = try database.prepare(
            """
            SELECT \(columns) FROM conversations
            WHERE \(range) AND subject LIKE ?4 ESCAPE '\\' ORDER BY subject
            """)
        bounding = try database.prepare(
            "SELECT subject FROM conversations WHERE \(range) ORDER BY subject LIMIT 1 OFFSET ?4")
    }

    func find(subject: String) throws(JournalError) -> ConversationHead? {
        try database.reading { () throws(JournalError) in
            defer { self.bySubject.reset() }
            self.bySubject.bind(1, subject)
            return try self.first(self.bySubject)
        }
    }

    func find(id: ConversationID) throws(JournalError) -> ConversationHead? {
        try database.reading { () throws(JournalError) in
            defer { self.byID.reset() }
            self.byID.bind(1, id.rawValue)
            return try self.first(self.byID)
        }
    }

    /// In the order of the subjects' bytes, which is SQLite's text order. A subject that does not match costs an index
    /// entry: about 0.2 µs, whereas reading a row costs twenty times as much.
    func list(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try database.reading { () throws(JournalError) in
            try self.advance()
            let range = SubjectRange(filter.prefix, after: subject)
            // If all match, the limit bounds the work.
            let bound = filter.contains.isEmpty ? nil : try self.subject(at: scanning, of: range)
            defer { self.listed.reset() }
            range.bind(to: self.listed)
            if let bound { self.listed.bind(3, bound) } else { self.listed.bind(3, utf8: range.end) }
            self.listed.bind(4, LikePattern.containing(filter.contains))
            let isExact = filter.contains.utf8.allSatisfy { $0 < 0x80 }
            var heads: [ConversationHead] = []
            while try self.listed.step() {
                guard isExact || filter.matches(self.listed.text(1) ?? "") else { continue }
                if heads.count == limit { return ConversationListing(heads: heads, next: heads.last?.subject) }
                if let head = try self.head(self.listed) { heads.append(head) }
            }
            return ConversationListing(heads: heads, next: bound)
        }
    }

    /// The last subject in a scan of `count` subjects of a range; nil if there are fewer.
    private func subject(at count: Int, of range: SubjectRange) throws(JournalError) -> String? {
        defer { bounding.reset() }
        range.bind(to: bounding)
        bounding.bind(3, utf8: range.end)
        bounding.bind(4, max(0, count - 1))
        return try bounding.step() ? bounding.text(0) : nil
    }

    private func first(_ row: Statement) throws(JournalError) -> ConversationHead? {
        guard try row.step() else { return nil }
        try advance()
        return try head(row)
    }

    private func head(_ row: Statement) throws(JournalError) -> ConversationHead? {
        try head(
            id: ConversationID(row.integer(0)), subject: row.text(1) ?? "", partition: Int(row.integer(2)),
            saved: Position(row.integer(3)), offset: row.integer(4))
    }

    private func head(
        id: ConversationID, subject: String, partition: Int, saved: Position, offset: Int64
    ) throws(JournalError) -> ConversationHead? {
        if let place = places[id.rawValue] {
            return ConversationHead(
                id: id, subject: subject, partition: partition, position: place.position, offset: place.offset,
                recordedAt: place.recordedAt)
        }
        guard saved > .start, let newest = try records.links(from: saved, limit: 1).first else { return nil }
        return ConversationHead(
            id: id, subject: subject, partition: partition, position: saved, offset: offset,
            recordedAt: newest.recordedAt)
    }

    /// Reads the records since the last call. Part of the caller's read transaction.
    private func advance() throws(JournalError) {
        defer { checkpoint.reset() }
        guard try checkpoint.step() else { throw JournalError(.corrupt, "\(database.path) has no checkpoint cursor") }
        let checkpointed = Position(checkpoint.integer(0))
        if read < checkpointed {
            places.removeAll(keepingCapacity: true)
            read = checkpointed
        }
        defer { tail.reset() }
        tail.bind(1, read.rawValue)
        while try tail.step() {
            read = Position(tail.integer(0))
            places[tail.integer(1)] = Place(
                position: read, offset: tail.integer(2), recordedAt: tail.integer(3))
        }
    }
}
