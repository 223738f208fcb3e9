import Conversation
import JournalPort
import SQLite
import Signals

/// Reads records: for the writer and, over separate connections, for other threads.
final class RecordTable {
    private let byPosition: Statement
    private let afterPosition: Statement
    private let linkAt: Statement
    private let linksBefore: Statement
    private let subjects: Statement
    let deleted: DeletedPositions
    private let database: Database
    /// Subjects already looked up. Cleared when full, which is simple and rare.
    private var knownSubjects: [Int64: String] = [:]
    private static let knownSubjectLimit = 10_000

    private static let columns = """
        position, conversation, previous, offset, sequence, recorded_at, id, source, type, time, cause, traceparent,
        extensions, data, applied_position, apply_order, priority, digest, hash, cipher IS NOT NULL, removed, family,
        content_hash
        """

    /// Without `data`: a signal's link is read from the pages before it.
    private static let linkColumns = """
        position, conversation, previous, offset, sequence, recorded_at, id, type, cause, applied_position, apply_order,
        priority, digest, removed, family, content_hash, source
        """

    init(_ database: Database) throws(JournalError) {
        self.database = database
        linkAt = try database.prepare("SELECT \(Self.linkColumns) FROM journal WHERE position = ?1")
        linksBefore = try database.prepare(
            "SELECT \(Self.linkColumns) FROM journal WHERE position < ?1 ORDER BY position DESC LIMIT ?2")
        byPosition = try database.prepare("SELECT \(Self.columns) FROM journal WHERE position = ?1")
        afterPosition = try database.prepare(
            "SELECT \(Self.columns) FROM journal WHERE position > ?1 ORDER BY position LIMIT ?2")
        deleted = try DeletedPositions(database)
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

    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        try database.reading { () throws(JournalError) in
            var records: [JournalRecord] = []
            records.reserveCapacity(positions.count)
            for position in positions {
                guard let record = try self.record(at: position) else { throw Self.missing(position) }
                records.append(record)
            }
            return records
        }
    }

    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        try database.reading { () throws(JournalError) in
            var links: [RecordLink] = []
            var next = position
            while next > .start, links.count < limit {
                guard let link = try self.link(at: next) else {
                    if try self.deleted.around(next) != nil { return links }
                    throw Self.missing(next)
                }
                guard link.previous < next else {
                    throw JournalError(.damaged, "record \(next) precedes \(link.previous), which it follows")
                }
                links.append(link)
                next = link.previous
            }
            return links
        }
    }

    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        defer { linksBefore.reset() }
        linksBefore.bind(1, position?.rawValue ?? .max)
        linksBefore.bind(2, limit)
        var links: [RecordLink] = []
        while try linksBefore.step() { links.append(decodeLink(linksBefore)) }
        return links
    }

    private func link(at position: Position) throws(JournalError) -> RecordLink? {
        defer { linkAt.reset() }
        linkAt.bind(1, position.rawValue)
        return try linkAt.step() ? decodeLink(linkAt) : nil
    }

    private static func missing(_ position: Position) -> JournalError {
        JournalError(.damaged, "record \(position) is missing")
    }

    private func decodeLink(_ row: Statement) -> RecordLink {
        let content: RecordLink.Content
        if let removed = Self.removed(row, from: 13, id: 6, source: 16, type: 7) {
            content = .removed(removed)
        } else if !row.isNull(9) {
            content =
                Self.marker(row, from: 9).map(RecordLink.Content.marker)
                ?? .unreadable(
                    reason: Self.noPriority, family: .applied)
        } else if let id = row.text(6), let type = row.text(7), Family(type: type) != nil {
            content = .signal(id: id, type: type, cause: Self.cause(row, 8))
        } else {
            content = .unreadable(reason: Self.noSignal, family: row.text(7).flatMap(Family.init(type:)))
        }
        return RecordLink(
            position: Position(row.integer(0)), conversation: ConversationID(row.integer(1)),
            previous: Position(row.integer(2)), offset: row.integer(3), sequence: row.integer(4),
            recordedAt: row.integer(5), content: content)
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
        let content: JournalRecord.Content
        if let removed = Self.removed(row, from: 20, id: 6, source: 7, type: 8) {
            content = .removed(removed)
        } else if row.isNull(14) {
            content = try decodeSignal(row, conversation)
        } else {
            content =
                Self.marker(row, from: 14).map(JournalRecord.Content.marker)
                ?? .unreadable(
                    reason: Self.noPriority, family: .applied)
        }
        return JournalRecord(
            position: Position(row.integer(0)), conversation: conversation, previous: Position(row.integer(2)),
            offset: row.integer(3), sequence: row.integer(4), recordedAt: row.integer(5), content: content,
            storedHash: UInt64(bitPattern: row.integer(18)))
    }

    private func decodeSignal(
        _ row: Statement, _ conversation: ConversationID
    ) throws(JournalError) -> JournalRecord.Content {
        if row.integer(19) != 0 {
            return .unreadable(
                reason: "it is encrypted, and this Convey cannot decrypt it",
                family: row.text(8).flatMap(Family.init(type:)))
        }
        guard let id = row.text(6), let source = row.text(7), let type = row.text(8), let family = Family(type: type)
        else {
            return .unreadable(reason: Self.noSignal, family: row.text(8).flatMap(Family.init(type:)))
        }
        guard let subject = try subject(of: conversation) else {
            return .unreadable(reason: "its conversation \(conversation) has no row", family: family)
        }
        return .signal(
            Signal(
                id: id, source: source, type: type, subject: subject, time: row.text(9), cause: Self.cause(row, 10),
                traceparent: row.text(11), extensions: row.bytes(12), data: row.bytes(13)))
    }

    /// - Parameter first: the column `removed`; `family` and `content_hash` follow.
    private static func removed(
        _ row: Statement, from first: Int32, id: Int32, source: Int32, type: Int32
    ) -> RemovedContent? {
        guard let reason = row.text(first).flatMap(RemovedContent.Reason.init(rawValue:)),
            let family = UInt8(exactly: row.integer(first + 1)).flatMap(Family.init(rawValue:)), !row.isNull(first + 2)
        else { return nil }
        return RemovedContent(
            reason: reason, family: family, id: row.text(id), source: row.text(source), type: row.text(type),
            contentHash: UInt64(bitPattern: row.integer(first + 2)))
    }

    private static let noSignal = "it has no id, no source or no type that a signal can have"
    private static let noPriority = "it is a marker without a valid priority"

    private static func cause(_ row: Statement, _ column: Int32) -> Cause {
        if row.isNull(column) { return .none }
        return row.isInteger(column) ? .unsatisfiable : .signal(row.text(column) ?? "")
    }

    /// - Parameter first: the column of `applied_position`; `apply_order`, `priority` and `digest` follow.
    private static func marker(_ row: Statement, from first: Int32) -> Marker? {
        guard let priority = UInt8(exactly: row.integer(first + 2)).flatMap(Priority.init(rawValue:)) else {
            return nil
        }
        return Marker(
            appliedPosition: Position(row.integer(first)), applyOrder: row.integer(first + 1), priority: priority,
            digest: UInt64(bitPattern: row.integer(first + 3)))
    }
}
