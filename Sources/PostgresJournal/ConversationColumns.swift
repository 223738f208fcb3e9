import Conversation
import JournalPort
import PostgreSQL
import Signals

/// Rows to write to the table `conversations`, column by column.
struct ConversationColumns {
    /// Updates the columns that checkpoints and evictions save.
    private static let saved = [
        "through", "head", "\"offset\"", "in_sequence", "applied_sequence", "effect_sequence", "out_sequence",
        "audit_sequence", "canceled_through", "state",
    ]
    static let selected = (["id", "subject", "partition"] + saved).joined(separator: ", ")

    private var id = Column.integers()
    private var subject = Column.texts()
    private var numbers: [Column]
    private var state = Column.bytes()

    init(_ records: [ConversationRecord]) {
        // From `partition` to `canceled_through`.
        numbers = Array(repeating: .integers(rows: records.count), count: Self.saved.count)
        for record in records { append(record) }
    }

    private mutating func append(_ record: ConversationRecord) {
        id.append(record.id.rawValue)
        subject.append(record.subject)
        let values =
            [Int64(record.partition), record.through.rawValue, record.head.rawValue, record.offset] + record.sequences
            + [record.core.canceledThrough]
        for (index, value) in values.enumerated() { numbers[index].append(value) }
        state.append(record.encodeSaved())
    }

    var parameters: Parameters {
        var parameters = Parameters()
        for column in [id, subject] + numbers + [state] { parameters.append(column) }
        return parameters
    }

    private static let arrays =
        "$1::bigint[], $2::text[], "
        + (3...12).map { "$\($0)::bigint[]" }.joined(separator: ", ") + ", $13::bytea[]"

    static func insert(into schema: ShardSchema) -> String {
        "INSERT INTO \(schema.table("conversations")) (\(selected)) SELECT * FROM unnest(\(arrays))"
    }

    static func update(_ schema: ShardSchema) -> String {
        """
        UPDATE \(schema.table("conversations")) c SET \(saved.map { "\($0) = n.\($0)" }.joined(separator: ", "))
        FROM unnest(\(arrays)) AS n (\(selected)) WHERE c.id = n.id
        """
    }

    /// Decodes a row with the columns `selected`.
    static func record(_ rows: Rows, _ row: Int) -> ConversationRecord {
        var record = ConversationRecord(
            id: ConversationID(rows.integer(row, 0)), subject: rows.text(row, 1) ?? "",
            partition: Int(rows.integer(row, 2)))
        record.through = Position(rows.integer(row, 3))
        record.head = Position(rows.integer(row, 4))
        record.offset = rows.integer(row, 5)
        record.sequences = (0..<Family.allCases.count).map { rows.integer(row, 6 + $0) }
        record.core.canceledThrough = rows.integer(row, 11)
        record.decodeSaved(rows.bytes(row, 12))
        return record
    }

    static func records(_ rows: Rows) -> [ConversationRecord] { (0..<rows.count).map { record(rows, $0) } }
}
