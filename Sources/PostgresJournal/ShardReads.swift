import Conversation
import JournalPort
import PostgreSQL
import Signals

/// Reads the tables of a shard.
final class ShardReads {
    let session: any Session
    let schema: ShardSchema
    private let heads: HeadCache

    init(_ session: any Session, _ schema: ShardSchema) {
        self.session = session
        self.schema = schema
        heads = HeadCache(session, schema)
    }

    // MARK: Records

    private var recordsFrom: String {
        """
        SELECT \(RecordRows.columns) FROM \(schema.table("journal")) j
        LEFT JOIN \(schema.table("conversations")) c ON c.id = j.conversation
        """
    }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        let rows = try session.run(
            Call(
                "\(recordsFrom) WHERE j.position > $1 ORDER BY j.position LIMIT $2",
                [.integer(position.rawValue), .integer(Int64(limit))]))
        return RecordRows.records(rows)
    }

    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        guard !positions.isEmpty else { return [] }
        let found = byPosition(RecordRows.records(try session.run(recordsCall(at: positions))))
        var records: [JournalRecord] = []
        for position in positions {
            guard let record = found[position] else { throw Self.missing(position) }
            records.append(record)
        }
        return records
    }

    func record(at position: Position) throws(JournalError) -> JournalRecord? {
        RecordRows.records(try session.run(recordsCall(at: [position]))).first
    }

    func recordsCall(at positions: [Position]) -> Call {
        Call("\(recordsFrom) WHERE j.position = ANY($1::bigint[])", [.column(Self.column(positions))])
    }

    func byPosition(_ records: [JournalRecord]) -> [Position: JournalRecord] {
        Dictionary(records.map { ($0.position, $0) }) { first, _ in first }
    }

    /// Reads the chain in one round trip, however long it is.
    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        guard position > .start, limit > 0 else { return [] }
        let rows = try session.run(
            Call(
                """
                WITH RECURSIVE chain AS (
                    SELECT position, previous, 1 AS number FROM \(schema.table("journal")) WHERE position = $1
                    UNION ALL
                    SELECT p.position, p.previous, chain.number + 1 FROM chain
                    JOIN \(schema.table("journal")) p ON p.position = chain.previous
                    WHERE chain.number < $2 AND chain.previous < chain.position
                )
                SELECT \(RecordRows.linkColumns) FROM chain JOIN \(schema.table("journal")) j ON j.position = chain.position
                ORDER BY chain.number
                """, [.integer(position.rawValue), .integer(Int64(limit))]))
        let links = RecordRows.links(rows)
        for link in links where link.previous >= link.position {
            throw JournalError(.damaged, "record \(link.position) stands before \(link.previous), which it follows")
        }
        let next = links.last.map(\.previous) ?? position
        guard next > .start, links.count < limit else { return links }
        if try deletedPositions(around: next) != nil { return links }
        throw Self.missing(next)
    }

    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        RecordRows.links(
            try session.run(
                Call(
                    """
                    SELECT \(RecordRows.linkColumns) FROM \(schema.table("journal")) j
                    WHERE j.position < $1 ORDER BY j.position DESC LIMIT $2
                    """, [.integer(position?.rawValue ?? .max), .integer(Int64(limit))])))
    }

    func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>? {
        guard position > .start else { return nil }
        let found = try session.run([
            Call("SELECT started FROM convey.shard WHERE shard = $1", [.integer(Int64(schema.shard))]),
            Call(
                """
                SELECT first, last FROM \(schema.table("deleted_positions")) WHERE first <= $1 ORDER BY first DESC LIMIT 1
                """, [.integer(position.rawValue)]),
        ])
        if !found[0].isEmpty {
            let start = Position(found[0].integer(0, 0))
            if position <= start { return Position.start.next...start }
        }
        guard !found[1].isEmpty else { return nil }
        let (first, last) = (Position(found[1].integer(0, 0)), Position(found[1].integer(0, 1)))
        return first <= position && position <= last ? first...last : nil
    }

    private static func missing(_ position: Position) -> JournalError {
        JournalError(.damaged, "record \(position) is missing")
    }

    // MARK: Conversations

    private var conversationsFrom: String {
        "SELECT \(ConversationColumns.selected) FROM \(schema.table("conversations"))"
    }

    func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        let rows = try session.run(
            Call(
                "SELECT subject FROM \(schema.table("conversations")) WHERE id = $1",
                [.integer(conversation.rawValue)]))
        return rows.isEmpty ? nil : rows.text(0, 0)
    }

    func conversationsCall(subjects: [String]) -> Call {
        var column = Column.texts()
        for subject in subjects { column.append(subject) }
        return Call("\(conversationsFrom) WHERE subject = ANY($1::text[])", [.column(column)])
    }

    func conversationsCall(ids: [ConversationID]) -> Call {
        var column = Column.integers()
        for id in ids { column.append(id.rawValue) }
        return Call("\(conversationsFrom) WHERE id = ANY($1::bigint[])", [.column(column)])
    }

    func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        ConversationColumns.records(try session.run(conversationsCall(subjects: [subject]))).first
    }

    func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        ConversationColumns.records(try session.run(conversationsCall(ids: [id]))).first
    }

    func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord] {
        ConversationColumns.records(
            try session.run(
                Call(
                    "\(conversationsFrom) WHERE id > $1 AND partition % $2 = $3 ORDER BY id LIMIT $4",
                    [
                        .integer(id.rawValue), .integer(Int64(slice.count)), .integer(Int64(slice.index)),
                        .integer(Int64(limit)),
                    ])))
    }

    func head(subject: String) throws(JournalError) -> ConversationHead? { try heads.find(subject: subject) }
    func head(id: ConversationID) throws(JournalError) -> ConversationHead? { try heads.find(id: id) }

    func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try heads.list(matching: filter, after: subject, limit: limit, scanning: scanning)
    }

    // MARK: Identities, dead letters, pending

    func identitiesCall(_ hashes: [UInt64]) -> Call {
        var column = Column.integers()
        for hash in hashes { column.append(Int64(bitPattern: hash)) }
        return Call(
            "SELECT hash, position FROM \(schema.table("identities")) WHERE hash = ANY($1::bigint[]) ORDER BY position",
            [.column(column)])
    }

    /// Goes through the whole identity index, page by page, as long as `take` returns true.
    func forEachIdentity(_ take: (_ hash: UInt64, _ position: Position) -> Bool) throws(JournalError) {
        var last = (hash: Int64.min, position: Int64.min)
        while true {
            let rows = try session.run(
                Call(
                    """
                    SELECT hash, position FROM \(schema.table("identities")) WHERE (hash, position) > ($1, $2)
                    ORDER BY hash, position LIMIT $3
                    """, [.integer(last.hash), .integer(last.position), .integer(Int64(Self.identityPageSize))]))
            for row in 0..<rows.count {
                last = (rows.integer(row, 0), rows.integer(row, 1))
                guard take(UInt64(bitPattern: last.hash), Position(last.position)) else { return }
            }
            guard rows.count == Self.identityPageSize else { return }
        }
    }

    /// Index entries per round trip.
    private static let identityPageSize = 50_000

    static func identities(_ rows: Rows) -> [UInt64: [Position]] {
        var found: [UInt64: [Position]] = [:]
        for row in 0..<rows.count {
            found[UInt64(bitPattern: rows.integer(row, 0)), default: []].append(Position(rows.integer(row, 1)))
        }
        return found
    }

    func positions(identity: UInt64) throws(JournalError) -> [Position] {
        Self.identities(try session.run(identitiesCall([identity])))[identity] ?? []
    }

    private var lettersFrom: String { "SELECT position, conversation, reason, at FROM \(schema.table("dead_letters"))" }

    func deadLettersCall(at positions: [Position]) -> Call {
        Call("\(lettersFrom) WHERE position = ANY($1::bigint[])", [.column(Self.column(positions))])
    }

    static func deadLetters(_ rows: Rows) -> [DeadLetter] {
        (0..<rows.count).map { row in
            DeadLetter(
                position: Position(rows.integer(row, 0)), conversation: ConversationID(rows.integer(row, 1)),
                reason: rows.text(row, 2).flatMap(DeadLetter.Reason.init(rawValue:)) ?? .unknown,
                at: rows.integer(row, 3))
        }
    }

    func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? {
        Self.deadLetters(try session.run(deadLettersCall(at: [position]))).first
    }

    func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        Self.deadLetters(
            try session.run(
                Call(
                    """
                    \(lettersFrom) WHERE position > $1 AND ($2::bigint IS NULL OR conversation = $2) ORDER BY position LIMIT $3
                    """, [.integer(position.rawValue), .integer(conversation?.rawValue), .integer(Int64(limit))])))
    }

    func pending(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        let rows = try session.run(
            Call(
                "SELECT position FROM \(schema.table("pending")) WHERE position > $1 ORDER BY position LIMIT $2",
                [.integer(position.rawValue), .integer(Int64(limit))]))
        return (0..<rows.count).map { Position(rows.integer($0, 0)) }
    }

    func isPending(_ position: Position) throws(JournalError) -> Bool {
        !(try session.run(
            Call("SELECT 1 FROM \(schema.table("pending")) WHERE position = $1", [.integer(position.rawValue)])))
            .isEmpty
    }

    static func column(_ positions: [Position]) -> Column {
        var column = Column.integers(rows: positions.count)
        for position in positions { column.append(position.rawValue) }
        return column
    }
}
