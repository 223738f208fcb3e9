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

    /// The columns saved at checkpoints and evictions.
    private static let savedColumns = [
        "through", "head", "offset", "in_sequence", "applied_sequence", "effect_sequence", "out_sequence",
        "audit_sequence",
        "canceled_through", "state",
    ]
    private static let columns = (["id", "subject", "partition"] + savedColumns).joined(separator: ", ")

    init(_ database: Database) throws(JournalError) {
        insertRow = try database.prepare(
            insertInto: "conversations", ["id", "subject", "partition"] + Self.savedColumns)
        updateRow = try database.prepare(
            """
            UPDATE conversations SET \(Self.savedColumns.enumerated().map { "\($1) = ?\($0 + 2)" }.joined(separator: ", "))
            WHERE id = ?1
            """)
        bySubject = try database.prepare("SELECT \(Self.columns) FROM conversations WHERE subject = ?1")
        byID = try database.prepare("SELECT \(Self.columns) FROM conversations WHERE id = ?1")
        bySlice = try database.prepare(
            "SELECT \(Self.columns) FROM conversations WHERE id > ?1 AND partition % ?2 = ?3 ORDER BY id LIMIT ?4")
    }

    func insert(_ record: ConversationRecord) throws(JournalError) {
        insertRow.append(record.id.rawValue)
        insertRow.append(record.subject)
        insertRow.append(record.partition)
        appendSaved(record, to: insertRow)
        try insertRow.run()
    }

    func update(_ record: ConversationRecord) throws(JournalError) {
        updateRow.append(record.id.rawValue)
        appendSaved(record, to: updateRow)
        try updateRow.run()
    }

    private func appendSaved(_ record: ConversationRecord, to statement: Statement) {
        statement.append(record.through.rawValue)
        statement.append(record.head.rawValue)
        statement.append(record.offset)
        for sequence in record.sequences { statement.append(sequence) }
        statement.append(record.core.canceledThrough)
        statement.append(utf8: record.encodeSaved())
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
        record.core.canceledThrough = row.integer(11)
        record.decodeSaved(row.bytes(12))
        return record
    }
}
