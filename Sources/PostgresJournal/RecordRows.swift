import Conversation
import JournalPort
import PostgreSQL
import Signals

/// Decodes rows of the table `journal` as records. The column `subject` follows those of the table, because a signal contains it.
enum RecordRows {
    static let columns = """
        j.position, j.conversation, j.previous, j."offset", j.sequence, j.recorded_at, j.id, j.source, j.type, j.time, j.cause, \
        j.traceparent, j.extensions, j.data, j.applied_position, j.apply_order, j.priority, j.digest, j.hash, \
        j.cipher IS NOT NULL, j.removed, j.family, j.content_hash, j.cause_is_invalid, c.subject
        """

    /// The same columns, with NULL or false for those that a link does not need.
    static let linkColumns = """
        j.position, j.conversation, j.previous, j."offset", j.sequence, j.recorded_at, j.id, j.source, j.type, NULL::bytea, j.cause, \
        NULL::bytea, NULL::bytea, NULL::bytea, j.applied_position, j.apply_order, j.priority, j.digest, j.hash, \
        false, j.removed, j.family, j.content_hash, j.cause_is_invalid
        """

    static func records(_ rows: Rows) -> [JournalRecord] { (0..<rows.count).map { record(rows, $0) } }

    static func links(_ rows: Rows) -> [RecordLink] { (0..<rows.count).map { link(rows, $0) } }

    private static func record(_ rows: Rows, _ row: Int) -> JournalRecord {
        let content: JournalRecord.Content
        if let removed = removed(rows, row) {
            content = .removed(removed)
        } else if rows.isNull(row, 14) {
            content = signal(rows, row)
        } else {
            content =
                marker(rows, row).map(JournalRecord.Content.marker) ?? .unreadable(reason: noPriority, family: .applied)
        }
        return JournalRecord(
            position: Position(rows.integer(row, 0)), conversation: ConversationID(rows.integer(row, 1)),
            previous: Position(rows.integer(row, 2)), offset: rows.integer(row, 3), sequence: rows.integer(row, 4),
            recordedAt: rows.integer(row, 5), content: content,
            storedHash: UInt64(bitPattern: rows.integer(row, 18)))
    }

    private static func signal(_ rows: Rows, _ row: Int) -> JournalRecord.Content {
        let family = rows.text(row, 8).flatMap(Family.init(type:))
        if rows.isTrue(row, 19) {
            return .unreadable(reason: "it is encrypted, and this Convey cannot decrypt it", family: family)
        }
        guard let id = rows.text(row, 6), let source = rows.text(row, 7), let type = rows.text(row, 8), family != nil
        else { return .unreadable(reason: noSignal, family: family) }
        guard let subject = rows.text(row, 24) else {
            return .unreadable(
                reason: "its conversation \(ConversationID(rows.integer(row, 1))) has no row", family: family)
        }
        return .signal(
            Signal(
                id: id, source: source, type: type, subject: subject, time: rows.text(row, 9), cause: cause(rows, row),
                traceparent: rows.text(row, 11), extensions: rows.bytes(row, 12), data: rows.bytes(row, 13)))
    }

    private static func link(_ rows: Rows, _ row: Int) -> RecordLink {
        let content: RecordLink.Content
        if let removed = removed(rows, row) {
            content = .removed(removed)
        } else if !rows.isNull(row, 14) {
            content =
                marker(rows, row).map(RecordLink.Content.marker) ?? .unreadable(reason: noPriority, family: .applied)
        } else if let id = rows.text(row, 6), let type = rows.text(row, 8), Family(type: type) != nil {
            content = .signal(id: id, type: type, cause: cause(rows, row))
        } else {
            content = .unreadable(reason: noSignal, family: rows.text(row, 8).flatMap(Family.init(type:)))
        }
        return RecordLink(
            position: Position(rows.integer(row, 0)), conversation: ConversationID(rows.integer(row, 1)),
            previous: Position(rows.integer(row, 2)), offset: rows.integer(row, 3), sequence: rows.integer(row, 4),
            recordedAt: rows.integer(row, 5), content: content)
    }

    private static func cause(_ rows: Rows, _ row: Int) -> Cause {
        if rows.isTrue(row, 23) { return .unsatisfiable }
        return rows.text(row, 10).map(Cause.signal) ?? .none
    }

    private static func marker(_ rows: Rows, _ row: Int) -> Marker? {
        guard let priority = UInt8(exactly: rows.integer(row, 16)).flatMap(Priority.init(rawValue:)) else { return nil }
        return Marker(
            appliedPosition: Position(rows.integer(row, 14)), applyOrder: rows.integer(row, 15), priority: priority,
            digest: UInt64(bitPattern: rows.integer(row, 17)))
    }

    private static func removed(_ rows: Rows, _ row: Int) -> RemovedContent? {
        guard let reason = rows.text(row, 20).flatMap(RemovedContent.Reason.init(rawValue:)),
            let family = UInt8(exactly: rows.integer(row, 21)).flatMap(Family.init(rawValue:)), !rows.isNull(row, 22)
        else { return nil }
        return RemovedContent(
            reason: reason, family: family, id: rows.text(row, 6), source: rows.text(row, 7), type: rows.text(row, 8),
            contentHash: UInt64(bitPattern: rows.integer(row, 22)))
    }

    private static let noSignal = "it has no id, no source or no type that a signal can have"
    private static let noPriority = "it is a marker without a valid priority"
}
