import Conversation
import ConveyRuntime

/// Reads records: used by the writer and, over connections of their own, by other threads.
final class RecordTable {
    private let byPosition: Statement
    private let afterPosition: Statement
    private let subjects: Statement
    /// Subjects looked up before. Cleared when it is full: simple, and rare.
    private var knownSubjects: [Int64: String] = [:]
    private static let knownSubjectLimit = 10_000

    private static let columns = """
        position, conversation, previous, offset, sequence, recorded_at, id, source, type, time, cause, traceparent,
        extensions, data, applied_position, apply_order, priority, digest
        """

    init(_ database: Database) throws(JournalError) {
        byPosition = try database.prepare("SELECT \(Self.columns) FROM journal WHERE position = ?1")
        afterPosition = try database.prepare(
            "SELECT \(Self.columns) FROM journal WHERE position > ?1 ORDER BY position LIMIT ?2")
        subjects = try database.prepare("SELECT subject FROM conversations WHERE id = ?1")
    }

    func record(at position: Position) throws(JournalError) -> JournalRecord? {
        defer { byPosition.reset() }
        byPosition.bind(1, position.rawValue)
        return try byPosition.step() ? try decode(byPosition) : nil
    }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        defer { afterPosition.reset() }
        afterPosition.bind(1, position.rawValue)
        afterPosition.bind(2, limit)
        var records: [JournalRecord] = []
        while try afterPosition.step() { records.append(try decode(afterPosition)) }
        return records
    }

    func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        if let known = knownSubjects[conversation.rawValue] { return known }
        defer { subjects.reset() }
        subjects.bind(1, conversation.rawValue)
        guard try subjects.step(), let subject = subjects.text(0) else { return nil }
        if knownSubjects.count >= Self.knownSubjectLimit { knownSubjects.removeAll(keepingCapacity: true) }
        knownSubjects[conversation.rawValue] = subject
        return subject
    }

    private func decode(_ row: Statement) throws(JournalError) -> JournalRecord {
        let conversation = ConversationID(row.integer(1))
        let position = row.integer(0)
        return JournalRecord(
            position: Position(position), conversation: conversation, previous: Position(row.integer(2)),
            offset: row.integer(3), sequence: row.integer(4), recordedAt: row.integer(5),
            content: row.isNull(14) ? .signal(try decodeSignal(row, conversation)) : .marker(try decodeMarker(row)))
    }

    private func decodeSignal(_ row: Statement, _ conversation: ConversationID) throws(JournalError) -> Signal {
        guard let id = row.text(6), let source = row.text(7), let type = row.text(8),
            let subject = try subject(of: conversation)
        else {
            throw JournalError(.corrupt, "record \(row.integer(0)) has no id, source, type or conversation")
        }
        let cause: Cause =
            if row.isNull(10) { .none } else if row.isInteger(10) { .unsatisfiable } else {
                .signal(row.text(10) ?? "")
            }
        return Signal(
            id: id, source: source, type: type, subject: subject, time: row.text(9), cause: cause,
            traceparent: row.text(11), extensions: row.bytes(12), data: row.bytes(13))
    }

    private func decodeMarker(_ row: Statement) throws(JournalError) -> Marker {
        guard let priority = Priority(rawValue: UInt8(truncatingIfNeeded: row.integer(16))) else {
            throw JournalError(.corrupt, "record \(row.integer(0)) has priority \(row.integer(16))")
        }
        return Marker(
            appliedPosition: Position(row.integer(14)), applyOrder: row.integer(15), priority: priority,
            digest: UInt64(bitPattern: row.integer(17)))
    }
}

/// Writes records.
final class RecordInsert {
    private let insert: Statement

    init(_ database: Database) throws(JournalError) {
        let places = (1...18).map { "?\($0)" }.joined(separator: ", ")
        insert = try database.prepare("INSERT INTO journal VALUES (\(places))")
    }

    func run(_ record: JournalRecord) throws(JournalError) {
        insert.bind(1, record.position.rawValue)
        insert.bind(2, record.conversation.rawValue)
        insert.bind(3, record.previous.rawValue)
        insert.bind(4, record.offset)
        insert.bind(5, record.sequence)
        insert.bind(6, record.recordedAt)
        switch record.content {
        case .signal(let signal):
            bind(signal)
            for column in Int32(15)...18 { insert.bindNull(column) }
        case .marker(let marker):
            for column in Int32(7)...14 { insert.bindNull(column) }
            insert.bind(15, marker.appliedPosition.rawValue)
            insert.bind(16, marker.applyOrder)
            insert.bind(17, Int64(marker.priority.rawValue))
            insert.bind(18, Int64(bitPattern: marker.digest))
        }
        try insert.run()
    }

    private func bind(_ signal: Signal) {
        insert.bind(7, signal.id)
        insert.bind(8, signal.source)
        insert.bind(9, signal.type)
        insert.bind(10, signal.time)
        switch signal.cause {
        case .none: insert.bindNull(11)
        case .signal(let id): insert.bind(11, id)
        case .unsatisfiable: insert.bind(11, Int64(0))
        }
        insert.bind(12, signal.traceparent)
        if signal.extensions.isEmpty { insert.bindNull(13) } else { insert.bind(13, utf8: signal.extensions) }
        insert.bind(14, utf8: signal.data)
    }
}
