import Conversation
import JournalPort
import PostgreSQL
import Signals

extension ShardReads {
    /// Reads the starting point of a start-up, in one round trip.
    func recoveryPoint(partitionCount: Int) throws(JournalError) -> RecoveryPoint {
        let found = try session.run([
            Call("SELECT started, outbox FROM convey.shard WHERE shard = $1", [.integer(Int64(schema.shard))]),
            Call(
                """
                SELECT (SELECT through FROM \(schema.table("checkpoint"))),
                       coalesce((SELECT max(position) FROM \(schema.table("journal"))), 0),
                       coalesce((SELECT last FROM \(schema.table("deleted_positions")) ORDER BY first DESC LIMIT 1), 0),
                       coalesce((SELECT max(id) FROM \(schema.table("conversations"))), 0),
                       coalesce((SELECT max(position) FROM \(schema.table("pending"))), 0),
                       coalesce((SELECT max(cause) FROM \(schema.table("effects"))), 0),
                       (SELECT count(*) FROM \(schema.table("dead_letters")) WHERE reason <> 'discarded')
                """),
            Call("SELECT partition, apply_order FROM \(schema.table("partitions"))"),
        ])
        let (cursors, numbers, orders) = (found[0], found[1], found[2])
        guard cursors.count == 1 else {
            throw JournalError(.corrupt, "convey.shard has no row for shard \(schema.shard)")
        }
        let start = Position(cursors.integer(0, 0))
        let point = RecoveryPoint(
            start: start, checkpoint: Position(numbers.integer(0, 0)),
            applyOrders: try applyOrders(orders, partitionCount: partitionCount),
            lastPosition: max(start, Position(numbers.integer(0, 1)), Position(numbers.integer(0, 2))),
            lastConversation: ConversationID(numbers.integer(0, 3)), outboxCursor: Position(cursors.integer(0, 1)),
            newestPending: Position(numbers.integer(0, 4)), newestEffectCause: Position(numbers.integer(0, 5)),
            deadLetters: Int(numbers.integer(0, 6)))
        for (name, cursor) in [("outbox", point.outboxCursor), ("checkpoint", point.checkpoint)]
        where cursor > point.lastPosition {
            throw JournalError(
                .corrupt,
                "shard \(schema.shard) ends at position \(point.lastPosition), but its \(name) cursor is at \(cursor): records "
                    + "are missing. Keep a copy, run convey verify, and restore a backup")
        }
        return point
    }

    private func applyOrders(_ rows: Rows, partitionCount: Int) throws(JournalError) -> [Int64] {
        var orders = [Int64](repeating: 0, count: partitionCount)
        for row in 0..<rows.count {
            let partition = Int(rows.integer(row, 0))
            guard orders.indices.contains(partition) else {
                throw JournalError(.corrupt, "partition \(partition) of \(partitionCount)")
            }
            orders[partition] = rows.integer(row, 1)
        }
        return orders
    }

    /// Answers a look-up in one round trip.
    /// - Parameter isUnknown: whether the index certainly does not contain a hash.
    func find(
        _ lookup: JournalLookup, isUnknown: (UInt64) -> Bool
    ) throws(JournalError) -> JournalFindings {
        let hashes = lookup.identities.filter { !isUnknown($0) }
        var calls: [Call] = []
        func ask(_ call: Call, unless isEmpty: Bool) -> Int? {
            guard !isEmpty else { return nil }
            calls.append(call)
            return calls.count - 1
        }
        let identities = ask(identitiesCall(hashes), unless: hashes.isEmpty)
        let records = ask(recordsCall(at: lookup.records), unless: lookup.records.isEmpty)
        let letters = ask(deadLettersCall(at: lookup.deadLetters), unless: lookup.deadLetters.isEmpty)
        let subjects = ask(conversationsCall(subjects: lookup.subjects), unless: lookup.subjects.isEmpty)
        let ids = ask(conversationsCall(ids: lookup.conversations), unless: lookup.conversations.isEmpty)
        let rows = calls.isEmpty ? [] : try session.run(calls)
        var found = JournalFindings()
        let positions = identities.map { Self.identities(rows[$0]) } ?? [:]
        found.identities = lookup.identities.map { positions[$0] ?? [] }
        let byPosition = records.map { self.byPosition(RecordRows.records(rows[$0])) } ?? [:]
        found.records = lookup.records.map { byPosition[$0] }
        let lettersByPosition = Dictionary(
            (letters.map { Self.deadLetters(rows[$0]) } ?? []).map { ($0.position, $0) }
        ) { first, _ in first }
        found.deadLetters = lookup.deadLetters.map { lettersByPosition[$0] }
        // Compares bytes: for Swift, different encodings of one letter are equal, but they are different subjects.
        let bySubject = Dictionary(
            (subjects.map { ConversationColumns.records(rows[$0]) } ?? []).map { (ExactText($0.subject), $0) }
        ) { first, _ in first }
        found.subjects = lookup.subjects.map { bySubject[ExactText($0)] }
        let byID = Dictionary((ids.map { ConversationColumns.records(rows[$0]) } ?? []).map { ($0.id, $0) }) {
            first, _ in
            first
        }
        found.conversations = lookup.conversations.map { byID[$0] }
        return found
    }
}
