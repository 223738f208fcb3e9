import JournalPort
import SQLite
import Signals

/// The counters and the state of conversations.
final class ConversationTable {
    private let insertRow: Statement
    private let updateRow: Statement
    private let bySubject: Statement
    private let byID: Statement
    private let bySlice: Statement

    private static let columns = """
        id, subject, partition, through, head, offset, in_sequence, applied_sequence, effect_sequence, out_sequence,
        audit_sequence, canceled_through, state
        """

    init(_ database: Database) throws(JournalError) {
        insertRow = try database.prepare(
            "INSERT INTO conversations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")
        updateRow = try database.prepare(
            """
            UPDATE conversations SET through = ?2, head = ?3, offset = ?4, in_sequence = ?5, applied_sequence = ?6,
            effect_sequence = ?7, out_sequence = ?8, audit_sequence = ?9, canceled_through = ?10, state = ?11
            WHERE id = ?1
            """)
        bySubject = try database.prepare("SELECT \(Self.columns) FROM conversations WHERE subject = ?1")
        byID = try database.prepare("SELECT \(Self.columns) FROM conversations WHERE id = ?1")
        bySlice = try database.prepare(
            "SELECT \(Self.columns) FROM conversations WHERE id > ?1 AND partition % ?2 = ?3 ORDER BY id LIMIT ?4")
    }

    func insert(_ record: ConversationRecord) throws(JournalError) {
        insertRow.bind(1, record.id.rawValue)
        insertRow.bind(2, record.subject)
        insertRow.bind(3, record.partition)
        bindCounters(of: record, to: insertRow, from: 4)
        try insertRow.run()
    }

    func update(_ record: ConversationRecord) throws(JournalError) {
        updateRow.bind(1, record.id.rawValue)
        bindCounters(of: record, to: updateRow, from: 2)
        try updateRow.run()
    }

    private func bindCounters(of record: ConversationRecord, to statement: Statement, from first: Int32) {
        statement.bind(first, record.through.rawValue)
        statement.bind(first + 1, record.head.rawValue)
        statement.bind(first + 2, record.offset)
        for (index, sequence) in record.sequences.enumerated() { statement.bind(first + 3 + Int32(index), sequence) }
        statement.bind(first + 8, record.canceledThrough)
        statement.bind(first + 9, utf8: record.encodeSaved())
    }

    func find(subject: String) throws(JournalError) -> ConversationRecord? {
        bySubject.bind(1, subject)
        return try first(bySubject)
    }

    func find(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        byID.bind(1, id.rawValue)
        return try first(byID)
    }

    /// Up to `limit` conversations of a slice with an id above `id`, ascending.
    func list(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord] {
        defer { bySlice.reset() }
        bySlice.bind(1, id.rawValue)
        bySlice.bind(2, slice.count)
        bySlice.bind(3, slice.index)
        bySlice.bind(4, limit)
        var records: [ConversationRecord] = []
        while try bySlice.step() { records.append(decode(bySlice)) }
        return records
    }

    private func first(_ row: Statement) throws(JournalError) -> ConversationRecord? {
        defer { row.reset() }
        return try row.step() ? decode(row) : nil
    }

    private func decode(_ row: Statement) -> ConversationRecord {
        var record = ConversationRecord(
            id: ConversationID(row.integer(0)), subject: row.text(1) ?? "", partition: Int(row.integer(2)))
        record.through = Position(row.integer(3))
        record.head = Position(row.integer(4))
        record.offset = row.integer(5)
        record.sequences = (0..<Int32(Family.allCases.count)).map { row.integer(6 + $0) }
        record.canceledThrough = row.integer(11)
        record.decodeSaved(row.bytes(12))
        return record
    }
}
