import JournalPort
import PostgreSQL
import Signals

/// The statements that write a batch, in the order in which they must run.
struct BatchStatements {
    private(set) var calls: [Call] = []
    private let schema: ShardSchema

    init(_ batch: JournalBatch, _ schema: ShardSchema) {
        self.schema = schema
        if !batch.createdConversations.isEmpty {
            add(ConversationColumns.insert(into: schema), ConversationColumns(batch.createdConversations).parameters)
        }
        if !batch.records.isEmpty { add(RecordColumns.insert(into: schema), RecordColumns(batch.records).parameters) }
        if !batch.savedConversations.isEmpty {
            // With several rows for one conversation an UPDATE would use an arbitrary one. Only the last row counts.
            var last: [Int64: ConversationRecord] = [:]
            for record in batch.savedConversations { last[record.id.rawValue] = record }
            add(ConversationColumns.update(schema), ConversationColumns(Array(last.values)).parameters)
        }
        if !batch.openedEffects.isEmpty { calls.append(EffectColumns.insert(batch.openedEffects, into: schema)) }
        if !batch.changedEffects.isEmpty { calls.append(EffectColumns.update(batch.changedEffects, in: schema)) }
        if !batch.closedEffects.isEmpty { calls.append(EffectColumns.delete(batch.closedEffects, from: schema)) }
        addDeadLetters(batch)
        if !batch.identities.isEmpty { add(batch.identities) }
        if let checkpoint = batch.checkpoint { add(checkpoint) }
    }

    private mutating func add(_ sql: String, _ parameters: Parameters) { calls.append(Call(sql, parameters)) }

    private mutating func addDeadLetters(_ batch: JournalBatch) {
        if !batch.redrivenDeadLetters.isEmpty {
            let positions = Self.column(batch.redrivenDeadLetters)
            add("DELETE FROM \(schema.table("dead_letters")) WHERE position = ANY($1::bigint[])", [.column(positions)])
            // A start-up reads only records after the checkpoint, so the signal must be listed as pending.
            insertPending(positions)
        }
        if !batch.discardedDeadLetters.isEmpty {
            add(
                "UPDATE \(schema.table("dead_letters")) SET reason = 'discarded' WHERE position = ANY($1::bigint[])",
                [.column(Self.column(batch.discardedDeadLetters))])
        }
        guard !batch.deadLetters.isEmpty else { return }
        var (position, conversation, reason, at) = (
            Column.integers(), Column.integers(), Column.texts(), Column.integers()
        )
        for letter in batch.deadLetters {
            position.append(letter.position.rawValue)
            conversation.append(letter.conversation.rawValue)
            reason.append(letter.reason.rawValue)
            at.append(letter.at)
        }
        add(
            """
            INSERT INTO \(schema.table("dead_letters")) (position, conversation, reason, at)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])
            """, [.column(position), .column(conversation), .column(reason), .column(at)])
    }

    private mutating func insertPending(_ positions: Column) {
        add(
            "INSERT INTO \(schema.table("pending")) (position) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING",
            [.column(positions)])
    }

    /// Adds to the identity index. After a crash it may already contain some of them.
    private mutating func add(_ identities: [(hash: UInt64, position: Position)]) {
        var (hash, position) = (Column.integers(rows: identities.count), Column.integers(rows: identities.count))
        for identity in identities {
            hash.append(Int64(bitPattern: identity.hash))
            position.append(identity.position.rawValue)
        }
        add(
            """
            INSERT INTO \(schema.table("identities")) (hash, position)
            SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING
            """, [.column(hash), .column(position)])
    }

    private mutating func add(_ checkpoint: Checkpoint) {
        if !checkpoint.pendingRemoved.isEmpty {
            add(
                "DELETE FROM \(schema.table("pending")) WHERE position = ANY($1::bigint[])",
                [.column(Self.column(checkpoint.pendingRemoved))])
        }
        if !checkpoint.pendingAdded.isEmpty { insertPending(Self.column(checkpoint.pendingAdded)) }
        var (partition, order) = (Column.integers(), Column.integers())
        for (index, newest) in checkpoint.applyOrders.enumerated() where newest > 0 {
            partition.append(index)
            order.append(newest)
        }
        add(
            """
            INSERT INTO \(schema.table("partitions")) (partition, apply_order) SELECT * FROM unnest($1::bigint[], $2::bigint[])
            ON CONFLICT (partition) DO UPDATE SET apply_order = excluded.apply_order
            """, [.column(partition), .column(order)])
        add("UPDATE \(schema.table("checkpoint")) SET through = $1", [.integer(checkpoint.through.rawValue)])
    }

    private static func column(_ positions: [Position]) -> Column {
        var column = Column.integers(rows: positions.count)
        for position in positions { column.append(position.rawValue) }
        return column
    }
}
