import JournalPort
import PostgreSQL
import Signals

/// The heads of conversations as of the newest commit.
///
/// A conversation's row is saved only at checkpoints and evictions. The cache reads the records since the last checkpoint once, without
/// data, and keeps them by conversation. Later calls read only newer records (docs/adr/0017-queries.md).
final class HeadCache {
    private struct Place {
        var position: Position
        var offset: Int64
        var recordedAt: Int64
    }

    private let session: any Session
    private let schema: ShardSchema
    private var places: [Int64: Place] = [:]
    /// Records up to this position are in `places`, or were checkpointed.
    private var read = Position.start

    init(_ session: any Session, _ schema: ShardSchema) {
        self.session = session
        self.schema = schema
    }

    func find(subject: String) throws(JournalError) -> ConversationHead? {
        try find(Call("\(columns) WHERE c.subject = $1", [.text(subject)]))
    }

    func find(id: ConversationID) throws(JournalError) -> ConversationHead? {
        try find(Call("\(columns) WHERE c.id = $1", [.integer(id.rawValue)]))
    }

    /// The columns of a conversation without its state, and the time of the record at which its row was saved.
    private var columns: String {
        """
        SELECT c.id, c.subject, c.partition, c.head, c."offset", j.recorded_at FROM \(schema.table("conversations")) c
        LEFT JOIN \(schema.table("journal")) j ON j.position = c.head
        """
    }

    private func find(_ call: Call) throws(JournalError) -> ConversationHead? {
        let rows = try run(call)
        return rows.isEmpty ? nil : head(rows, 0)
    }

    /// Lists conversations in the byte order of their subjects. A filter by a part of the subject examines about `scanning` subjects.
    func list(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        // One row beyond the limit shows whether more rows follow.
        let count = filter.contains.isEmpty ? limit + 1 : scanning
        let rows = try run(
            Call(
                """
                \(columns) WHERE c.subject >= $1 AND c.subject > $2 AND starts_with(c.subject, $1) ORDER BY c.subject LIMIT $3
                """, [.text(filter.prefix), .text(subject ?? ""), .integer(Int64(count))]))
        var heads: [ConversationHead] = []
        for row in 0..<rows.count {
            guard let found = rows.text(row, 1), filter.matches(found) else { continue }
            if heads.count == limit { return ConversationListing(heads: heads, next: heads.last?.subject) }
            if let head = head(rows, row) { heads.append(head) }
        }
        let isAtEnd = rows.count < count
        return ConversationListing(heads: heads, next: isAtEnd ? nil : rows.text(rows.count - 1, 1))
    }

    private func head(_ rows: Rows, _ row: Int) -> ConversationHead? {
        let id = rows.integer(row, 0)
        var place = Place(
            position: Position(rows.integer(row, 3)), offset: rows.integer(row, 4), recordedAt: rows.integer(row, 5))
        if let newer = places[id] {
            place = newer
        } else if place.position == .start || rows.isNull(row, 5) {
            return nil
        }
        return ConversationHead(
            id: ConversationID(id), subject: rows.text(row, 1) ?? "", partition: Int(rows.integer(row, 2)),
            position: place.position, offset: place.offset, recordedAt: place.recordedAt)
    }

    /// Reads the records since the last call together with the result of the call, as of one moment.
    private func run(_ call: Call) throws(JournalError) -> Rows {
        let found = try session.reading { () throws(JournalError) in
            try session.run([
                Call("SELECT through FROM \(schema.table("checkpoint"))"),
                Call(
                    """
                    SELECT position, conversation, "offset", recorded_at FROM \(schema.table("journal"))
                    WHERE position > greatest($1, (SELECT through FROM \(schema.table("checkpoint")))) ORDER BY position
                    """, [.integer(read.rawValue)]),
                call,
            ])
        }
        let checkpoint = Position(found[0].isEmpty ? 0 : found[0].integer(0, 0))
        if read < checkpoint {
            places.removeAll(keepingCapacity: true)
            read = checkpoint
        }
        for row in 0..<found[1].count {
            read = Position(found[1].integer(row, 0))
            places[found[1].integer(row, 1)] = Place(
                position: read, offset: found[1].integer(row, 2), recordedAt: found[1].integer(row, 3))
        }
        return found[2]
    }
}
