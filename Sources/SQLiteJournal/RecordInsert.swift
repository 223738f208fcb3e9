import Conversation
import JournalPort
import Signals

/// Writes records.
final class RecordInsert {
    private let insert: Statement

    init(_ database: Database) throws(JournalError) {
        insert = try database.prepare(
            insertInto: "journal",
            [
                "position", "conversation", "previous", "offset", "sequence", "recorded_at", "hash", "id", "source",
                "type",
                "time", "cause", "traceparent", "extensions", "data", "applied_position", "apply_order", "priority",
                "digest", "removed", "family", "content_hash",
            ])
    }

    func run(_ record: JournalRecord) throws(JournalError) {
        insert.append(record.position.rawValue)
        insert.append(record.conversation.rawValue)
        insert.append(record.previous.rawValue)
        insert.append(record.offset)
        insert.append(record.sequence)
        insert.append(record.recordedAt)
        insert.append(Int64(bitPattern: record.hash))
        switch record.content {
        case .signal(let signal):
            append(signal)
            for _ in 0..<7 { insert.appendNull() }
        case .marker(let marker):
            for _ in 0..<8 { insert.appendNull() }
            insert.append(marker.appliedPosition.rawValue)
            insert.append(marker.applyOrder)
            insert.append(Int64(marker.priority.rawValue))
            insert.append(Int64(bitPattern: marker.digest))
            for _ in 0..<3 { insert.appendNull() }
        case .removed(let removed):
            insert.append(removed.id)
            insert.append(removed.source)
            insert.append(removed.type)
            for _ in 0..<9 { insert.appendNull() }
            insert.append(removed.reason.rawValue)
            insert.append(Int64(removed.family.rawValue))
            insert.append(Int64(bitPattern: removed.contentHash))
        case .unreadable(let reason, _):
            preconditionFailure("record \(record.position) is to be written, but \(reason)")
        }
        try insert.run()
    }

    private func append(_ signal: Signal) {
        insert.append(signal.id)
        insert.append(signal.source)
        insert.append(signal.type)
        insert.append(signal.time)
        switch signal.cause {
        case .none: insert.appendNull()
        case .signal(let id): insert.append(id)
        case .unsatisfiable: insert.append(Int64(0))
        }
        insert.append(signal.traceparent)
        if signal.extensions.isEmpty { insert.appendNull() } else { insert.append(utf8: signal.extensions) }
        insert.append(utf8: signal.data)
    }
}
