import Conversation
import JournalPort
import PostgreSQL
import Signals

/// Rows to write to the table `journal`, column by column. An INSERT with arrays costs a fifth of one INSERT per row.
struct RecordColumns {
    private static let names = [
        "position", "conversation", "previous", "\"offset\"", "sequence", "recorded_at", "hash", "id", "source", "type",
        "time",
        "cause", "cause_is_invalid", "traceparent", "extensions", "data", "applied_position", "apply_order", "priority",
        "digest", "removed", "family", "content_hash",
    ]

    private var position, conversation, previous, offset, sequence, recordedAt, hash: Column
    private var id, source, type, time, cause: Column
    private var causeIsInvalid: Column
    private var traceparent, extensions, data: Column
    private var appliedPosition, applyOrder, priority, digest: Column
    private var removed: Column
    private var family, contentHash: Column

    init(_ records: [JournalRecord]) {
        let rows = records.count
        position = .integers(rows: rows)
        conversation = .integers(rows: rows)
        previous = .integers(rows: rows)
        offset = .integers(rows: rows)
        sequence = .integers(rows: rows)
        recordedAt = .integers(rows: rows)
        hash = .integers(rows: rows)
        id = .bytes(rows: rows)
        source = .bytes(rows: rows)
        type = .bytes(rows: rows)
        time = .bytes()
        cause = .bytes()
        causeIsInvalid = .booleans(rows: rows)
        traceparent = .bytes()
        extensions = .bytes()
        data = .bytes(rows: rows * 4)
        appliedPosition = .integers(rows: rows)
        applyOrder = .integers(rows: rows)
        priority = .integers(rows: rows)
        digest = .integers(rows: rows)
        removed = .texts()
        family = .integers()
        contentHash = .integers()
        for record in records { append(record) }
    }

    /// The statement that writes the rows.
    static func insert(into schema: ShardSchema) -> String {
        let types = [
            "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bytea", "bytea", "bytea", "bytea",
            "bytea", "boolean",
            "bytea", "bytea", "bytea", "bigint", "bigint", "bigint", "bigint", "text", "bigint", "bigint",
        ]
        let arrays = types.enumerated().map { "$\($0 + 1)::\($1)[]" }.joined(separator: ", ")
        return
            "INSERT INTO \(schema.table("journal")) (\(names.joined(separator: ", "))) SELECT * FROM unnest(\(arrays))"
    }

    var parameters: Parameters {
        var parameters = Parameters()
        for column in [
            position, conversation, previous, offset, sequence, recordedAt, hash, id, source, type, time, cause,
            causeIsInvalid,
            traceparent, extensions, data, appliedPosition, applyOrder, priority, digest, removed, family, contentHash,
        ] { parameters.append(column) }
        return parameters
    }

    private mutating func append(_ record: JournalRecord) {
        position.append(record.position.rawValue)
        conversation.append(record.conversation.rawValue)
        previous.append(record.previous.rawValue)
        offset.append(record.offset)
        sequence.append(record.sequence)
        recordedAt.append(record.recordedAt)
        hash.append(Int64(bitPattern: record.hash))
        switch record.content {
        case .signal(let signal):
            append(signal)
            appendMarker(nil)
            appendRemoved(nil)
        case .marker(let marker):
            appendNoSignal(id: nil, source: nil, type: nil)
            appendMarker(marker)
            appendRemoved(nil)
        case .removed(let content):
            appendNoSignal(id: content.id, source: content.source, type: content.type)
            appendMarker(nil)
            appendRemoved(content)
        case .unreadable(let reason, _):
            preconditionFailure("record \(record.position) is to be written, but \(reason)")
        }
    }

    private mutating func append(_ signal: Signal) {
        id.append(signal.id)
        source.append(signal.source)
        type.append(signal.type)
        time.append(signal.time)
        switch signal.cause {
        case .none: appendCause(nil, isInvalid: false)
        case .signal(let id): appendCause(id, isInvalid: false)
        case .unsatisfiable: appendCause(nil, isInvalid: true)
        }
        traceparent.append(signal.traceparent)
        if signal.extensions.isEmpty { extensions.appendNull() } else { extensions.append(signal.extensions) }
        data.append(signal.data)
    }

    private mutating func appendCause(_ id: String?, isInvalid: Bool) {
        cause.append(id)
        if isInvalid { causeIsInvalid.append(true) } else { causeIsInvalid.appendNull() }
    }

    private mutating func appendNoSignal(id: String?, source: String?, type: String?) {
        self.id.append(id)
        self.source.append(source)
        self.type.append(type)
        time.appendNull()
        appendCause(nil, isInvalid: false)
        traceparent.appendNull()
        extensions.appendNull()
        data.appendNull()
    }

    private mutating func appendMarker(_ marker: Marker?) {
        appliedPosition.append(marker?.appliedPosition.rawValue)
        applyOrder.append(marker?.applyOrder)
        priority.append(marker.map { Int64($0.priority.rawValue) })
        digest.append(marker.map { Int64(bitPattern: $0.digest) })
    }

    private mutating func appendRemoved(_ content: RemovedContent?) {
        removed.append(content?.reason.rawValue)
        family.append(content.map { Int64($0.family.rawValue) })
        contentHash.append(content.map { Int64(bitPattern: $0.contentHash) })
    }
}
