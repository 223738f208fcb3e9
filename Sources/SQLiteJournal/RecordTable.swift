import Conversation
import JournalPort
import SQLite
import Signals

/// Reads records: used by the writer and, over connections of their own, by other threads.
final class RecordTable {
    private let byPosition: Statement
    private let afterPosition: Statement
    private let linkAt: Statement
    private let linksBefore: Statement
    private let subjects: Statement
    private let database: Database
    /// Subjects looked up before. Cleared when it is full: simple, and rare.
    private var knownSubjects: [Int64: String] = [:]
    private static let knownSubjectLimit = 10_000

    private static let columns = """
        position, conversation, previous, offset, sequence, recorded_at, id, source, type, time, cause, traceparent,
        extensions, data, applied_position, apply_order, priority, digest, record_digest
        """

    /// Without `data`: SQLite does not read the pages that hold it.
    private static let linkColumns = """
        position, conversation, previous, offset, sequence, recorded_at, id, type, cause, applied_position, apply_order,
        priority, digest
        """

    init(_ database: Database) throws(JournalError) {
        self.database = database
        linkAt = try database.prepare("SELECT \(Self.linkColumns) FROM journal WHERE position = ?1")
        linksBefore = try database.prepare(
            "SELECT \(Self.linkColumns) FROM journal WHERE position < ?1 ORDER BY position DESC LIMIT ?2")
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
                guard let link = try self.link(at: next) else { throw Self.missing(next) }
                guard link.previous < next else {
                    throw JournalError(.damaged, "record \(next) stands before \(link.previous), which it follows")
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
        if !row.isNull(9) {
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
        if row.isNull(14) {
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
            storedDigest: row.isNull(18) ? nil : UInt64(bitPattern: row.integer(18)))
    }

    private func decodeSignal(
        _ row: Statement, _ conversation: ConversationID
    ) throws(JournalError) -> JournalRecord.Content {
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

/// Writes records.
final class RecordInsert {
    private let insert: Statement

    init(_ database: Database) throws(JournalError) {
        let places = (1...19).map { "?\($0)" }.joined(separator: ", ")
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
        case .unreadable(let reason, _):
            preconditionFailure("record \(record.position) is to be written, but \(reason)")
        }
        insert.bind(19, Int64(bitPattern: record.digest))
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
