import CSQLite
import Conversation
import Foundation
import JournalPort
import JournalReading
import ProjectionConsumer
import SQLiteJournal
import Testing

/// A fault in a journal, and its name in the verification.
struct PlantedDamage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let sql: String
    let expected: Set<JournalDifference.Kind>

    init(_ description: String, _ expected: JournalDifference.Kind..., sql: String) {
        testDescription = description
        self.expected = Set(expected)
        self.sql = sql
    }

    /// The position of an applied signal in the middle.
    private static let note = "(SELECT position FROM journal WHERE id = 'n20')"
    private static let marker = "(SELECT position FROM journal WHERE applied_position = \(note))"

    static let all = [
        PlantedDamage(
            "a flipped byte in a signal's type", .digest,
            sql: "UPDATE journal SET type = 'conv.in.mote.taken' WHERE position = \(note)"),
        PlantedDamage(
            "a flipped byte in a signal's id", .digest, sql: "UPDATE journal SET id = 'n21x' WHERE position = \(note)"),
        PlantedDamage(
            "a flipped byte in a signal's data", .signal,
            sql: "UPDATE journal SET data = '[' || substr(data, 2) WHERE position = \(note)"),
        PlantedDamage(
            "a flipped letter inside a text of a signal's data", .digest,
            sql: """
                UPDATE journal SET data = substr(data, 1, length(data) - 3) || char(unicode(substr(data, -3, 1)) + 1)
                || substr(data, -2) WHERE position = \(note)
                """),
        PlantedDamage(
            "a flipped byte in a signal's source", .digest,
            sql: "UPDATE journal SET source = source || 'x' WHERE position = \(note)"),
        PlantedDamage(
            "a changed time of a signal's recording", .digest,
            sql: "UPDATE journal SET recorded_at = recorded_at + 1 WHERE position = \(note)"),
        PlantedDamage(
            "a changed time of a marker's recording", .digest,
            sql: "UPDATE journal SET recorded_at = recorded_at + 64 WHERE position = \(marker)"),
        PlantedDamage(
            "a changed time of an audit signal's recording", .digest,
            sql: """
                UPDATE journal SET recorded_at = recorded_at - 1
                WHERE position = (SELECT max(position) FROM journal WHERE type LIKE 'conv.audit.%')
                """),
        PlantedDamage(
            "a flipped letter in the data of a dead letter", .digest,
            sql: "UPDATE journal SET data = replace(data, 'sim', 'sin') WHERE id = 'late'"),
        PlantedDamage(
            "a changed trace of a signal", .digest,
            sql: "UPDATE journal SET traceparent = '00-0' WHERE id = 'late'"),
        PlantedDamage(
            "a record with another hash", .digest,
            sql: "UPDATE journal SET hash = hash + 1 WHERE position = \(note)"),
        PlantedDamage("a missing marker", .position, sql: "DELETE FROM journal WHERE position = \(marker)"),
        PlantedDamage(
            "a signal in a marker's place", .marker, .signal, .sequence, .unreadable,
            sql: """
                UPDATE journal SET applied_position = NULL, apply_order = NULL, priority = NULL, digest = NULL,
                id = 'x', source = '/x', type = 'conv.in.x', data = '{}' WHERE position = \(marker)
                """),
        PlantedDamage(
            "two applications swapped", .digest, .cause,
            sql: """
                UPDATE journal SET applied_position = CASE applied_position WHEN \(note)
                THEN (SELECT position FROM journal WHERE id = 'c20') ELSE \(note) END
                WHERE applied_position IN (SELECT position FROM journal WHERE id IN ('n20', 'c20'))
                """),
        PlantedDamage(
            "two apply orders swapped", .applyOrder,
            sql: "UPDATE journal SET apply_order = apply_order + 1 WHERE position = \(marker)"),
        PlantedDamage(
            "a wrong digest", .digest, sql: "UPDATE journal SET digest = digest + 1 WHERE position = \(marker)"),
        PlantedDamage("a wrong priority", .digest, sql: "UPDATE journal SET priority = 3 WHERE position = \(marker)"),
        PlantedDamage(
            "a hole in a sequence", .sequence,
            sql: "UPDATE journal SET sequence = sequence + 1 WHERE position = \(note)"),
        PlantedDamage(
            "a hole in the offsets", .offset, sql: "UPDATE journal SET offset = offset + 1 WHERE position = \(note)"),
        PlantedDamage(
            "a broken chain", .chain, sql: "UPDATE journal SET previous = previous - 1 WHERE position = \(note)"),
        PlantedDamage(
            "a second marker for a signal", .marker,
            sql: """
                UPDATE journal SET applied_position = (SELECT position FROM journal WHERE id = 'n20')
                WHERE applied_position = (SELECT position FROM journal WHERE id = 'c20')
                """),
        PlantedDamage(
            "a record of another conversation", .offset, .chain,
            sql: "UPDATE journal SET conversation = conversation % 7 + 1 WHERE position = \(note)"),
        PlantedDamage("an open effect without a row", .effect, sql: "DELETE FROM effects"),
        PlantedDamage(
            "a row for an effect that has ended", .effect,
            sql: """
                INSERT INTO effects (cause, ordinal, conversation, class, kind, effect_id, cause_id, attempt, round,
                awaits_approval)
                SELECT position, 0, conversation, 'llm', 'generation', 'e', id, 1, 0, 0 FROM journal
                WHERE id = 'm20'
                """),
        PlantedDamage(
            "an effect's end that is a signal of somebody else's", .effect, .digest,
            sql: """
                UPDATE journal SET source = '/host' WHERE source = '/convey/effects' AND type LIKE '%.completed'
                AND position > 100
                """),
        PlantedDamage(
            "an effect that goes on after its end", .effect, .digest,
            sql: """
                UPDATE journal SET source = '/convey/effects', id = 'effect-' || (SELECT value FROM settings
                WHERE name = 'tag') || '-' || (SELECT max(position) FROM journal
                WHERE id = 'm0') || '-0-9-progress-0' WHERE id = 'late'
                """),
        PlantedDamage(
            "an output that was ordered and is not there", .output, .digest,
            sql: "UPDATE journal SET source = '/host' WHERE id LIKE 'out-%' AND position > 100"),
        PlantedDamage(
            "a wrong counter of a conversation", .savedConversation,
            sql: "UPDATE conversations SET out_sequence = out_sequence + 1 WHERE subject = 'conversation-3'"),
        PlantedDamage(
            "a wrong head of a conversation", .savedConversation,
            sql: "UPDATE conversations SET head = head - 1 WHERE subject = 'conversation-3'"),
        PlantedDamage(
            "a wrong state of a conversation", .savedConversation,
            sql: """
                UPDATE conversations SET state = replace(state, '"applied_count":', '"applied_count":1')
                WHERE subject = 'conversation-3'
                """),
        PlantedDamage(
            "a state that cannot be read", .savedConversation,
            sql: "UPDATE conversations SET state = '{' WHERE subject = 'conversation-3'"),
        PlantedDamage(
            "a conversation in another partition", .conversation,
            sql: "UPDATE conversations SET partition = (partition + 1) % 4 WHERE subject = 'conversation-3'"),
        PlantedDamage(
            "a conversation without a row", .conversation, .unreadable,
            sql: "DELETE FROM conversations WHERE subject = 'conversation-3'"),
        PlantedDamage(
            "a signal that was applied before its cause", .cause,
            sql: "UPDATE journal SET cause = 'c20' WHERE id = 'n20'"),
        PlantedDamage(
            "an entry that the identity index lacks", .identities,
            sql: "DELETE FROM identities WHERE position = \(note)"),
        PlantedDamage(
            "an entry too many in the identity index", .identities, sql: "INSERT INTO identities VALUES (1, 1)"),
        PlantedDamage(
            "an applied signal among the pending", .pending, sql: "INSERT INTO pending SELECT \(note)"),
        PlantedDamage("a dead letter that is none", .pending, sql: "DELETE FROM dead_letters; DELETE FROM pending"),
        PlantedDamage(
            "an outbox cursor behind the end", .cursor, sql: "UPDATE cursors SET position = 99999 WHERE name = 'outbox'"
        ),
        PlantedDamage(
            "a dead letter behind the end", .cursor,
            sql: "INSERT INTO dead_letters VALUES (99999, 1, 'cause_timeout', 1)"),
        PlantedDamage(
            "a pending signal behind the end", .cursor, sql: "INSERT INTO pending VALUES (99999)"),
        PlantedDamage(
            "a conversation that is saved as of a position behind the end", .savedConversation,
            sql: "UPDATE conversations SET through = 99999 WHERE subject = 'conversation-3'"),
        PlantedDamage(
            "a wrong apply order of a partition", .applyOrder,
            sql: "UPDATE partitions SET apply_order = apply_order + 1"),
    ]
}

@Suite("Verification") struct VerificationTests {
    private func execute(_ sql: String, in directory: String) throws {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        try #require(sqlite3_open(directory + "/journal.db", &handle) == SQLITE_OK)
        try #require(
            sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
        try #require(sqlite3_total_changes(handle) > 0 || sql.contains("PRAGMA"), "nothing was damaged")
    }

    private func verifier(_ sample: SampleJournal, perPass: Int = 100_000) throws -> JournalVerifier {
        var limits = JournalVerifier.Limits()
        limits.conversationsPerPass = perPass
        limits.page = 50
        return JournalVerifier(
            source: try SQLiteJournal.openReader(directory: sample.directory), limits: limits)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `A sound journal has no difference, in one pass, in several, and by conversation`(
        seed: UInt64
    ) throws {
        let sample = try SampleJournal(seed: seed)
        let whole = try verifier(sample).verifyAll()
        #expect(whole.difference == nil)
        #expect(whole.conversations == SampleJournal.subjects.count)
        #expect(whole.records == Int(whole.through.rawValue) && whole.records > 400)
        let parts = try verifier(sample, perPass: 2).verifyAll()
        #expect(parts == whole)
        var records = 0
        for subject in SampleJournal.subjects {
            let one = try verifier(sample).verify(subject: subject)
            #expect(one?.difference == nil)
            records += one?.records ?? 0
        }
        #expect(records == whole.records)
        #expect(try verifier(sample).verify(subject: "nobody") == nil)
        var random = SystemRandomNumberGenerator()
        let some = try verifier(sample).verifySample(3, random: &random)
        #expect(some.difference == nil && some.conversations == 3)
    }

    @Test(arguments: PlantedDamage.all)
    func `Planted damage is found and reported`(_ damage: PlantedDamage) throws {
        let sample = try SampleJournal()
        try execute(damage.sql, in: sample.directory)
        for perPass in [100_000, 2] {
            let difference = try verifier(sample, perPass: perPass).verifyAll().difference
            let kind = try #require(difference?.kind, "not found")
            #expect(damage.expected.contains(kind), "\(String(describing: difference))")
            #expect(difference?.advice.isEmpty == false && difference?.meaning.isEmpty == false)
        }
    }

    @Test func `A saved state that differs from the records is found, even with their digest`() throws {
        let sample = try SampleJournal()
        let reader = try SQLiteJournal.openReader(directory: sample.directory)
        var rows = try SampleJournal.subjects.compactMap { try reader.conversation(subject: $0) }
        rows.removeAll { $0.through == .start }
        var row = try #require(rows.first)
        // The result of another reducer for the same signals.
        let text = String(decoding: row.core.state.encode(), as: UTF8.self)
        let other = text.replacing("\"flags\":{", with: "\"flags\":{\"cancel_requested\":true,", maxReplacements: 1)
            .replacing(",}", with: "}")
        let digest = row.core.state.digest
        row.core.state = try ConversationState(decoding: Array(other.utf8))
        #expect(row.core.state.digest == digest)
        let saved = String(decoding: row.encodeSaved(), as: UTF8.self).replacing("'", with: "''")
        try execute("UPDATE conversations SET state = '\(saved)' WHERE id = \(row.id)", in: sample.directory)
        let difference = try verifier(sample).verifyAll().difference
        #expect(difference?.kind == .savedConversation && difference?.subject == row.subject)
        #expect(try verifier(sample).verify(subject: row.subject)?.difference?.kind == .savedConversation)
    }

    @Test func `A damaged page of the file is found`() throws {
        let sample = try SampleJournal(rounds: 200)
        try execute("PRAGMA wal_checkpoint(TRUNCATE)", in: sample.directory)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: sample.directory + "/journal.db"))
        let pages = try file.seekToEnd() / 4_096
        try file.seek(toOffset: pages / 2 * 4_096)
        try file.write(contentsOf: Data(repeating: 0xa5, count: 512))
        try file.close()
        let kind = try verifier(sample).verifyAll().difference?.kind
        #expect(kind == .storage || kind == .unreadable)
    }

    @Test func `A projection that is ahead of the journal's end is found`() throws {
        let sample = try SampleJournal()
        let reader = try SQLiteJournal.openReader(directory: sample.directory)
        let subject = SampleJournal.subjects[2]
        let row = try #require(try reader.conversation(subject: subject))
        let path = sample.directory + "/projection.db"
        func see(_ sequence: Int64, of subject: String) throws -> JournalDifference? {
            _ = try ProjectionStore(path: path, newClientID: "c")
            var handle: OpaquePointer?
            defer { sqlite3_close_v2(handle) }
            try #require(sqlite3_open(path, &handle) == SQLITE_OK)
            let sql = "INSERT OR REPLACE INTO progress VALUES ('\(subject)', 'out', \(sequence))"
            try #require(sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK)
            let progress = try ProjectionProgress(path: path)
            while let seen = try progress.next() {
                let difference = try reader.difference(
                    afterSeeing: seen.sequence, of: seen.family, seen.subject, by: path)
                if let difference { return difference }
            }
            return nil
        }
        let newest = try #require(
            try reader.records(after: .start, limit: 10_000).last { $0.conversation == row.id && $0.family == .output })
        #expect(try see(newest.sequence, of: subject) == nil)
        #expect(try see(newest.sequence + 1, of: subject)?.subject == subject)
        #expect(try see(newest.sequence, of: subject) == nil)
        #expect(try see(1, of: "nobody")?.subject == "nobody")
    }

    @Test func `A journal that ends before its cursors is refused`() throws {
        let sample = try SampleJournal()
        try execute("UPDATE cursors SET position = 99999 WHERE name = 'outbox'", in: sample.directory)
        let journal = try SQLiteJournal.open(directory: sample.directory, partitionCount: 4)
        let error = #expect(throws: JournalError.self) { try journal.recoveryPoint() }
        #expect(error?.code == .corrupt && error?.message.contains("records are missing") == true)
    }

    @Test func `A difference has its place`() throws {
        let sample = try SampleJournal()
        try execute("UPDATE journal SET sequence = sequence + 1 WHERE id = 'n20'", in: sample.directory)
        let difference = try #require(try verifier(sample).verifyAll().difference)
        let position = try #require(difference.position)
        let reader = try SQLiteJournal.openReader(directory: sample.directory)
        let record = try #require(try reader.record(at: position))
        #expect(record.offset == difference.offset)
        #expect(difference.subject.map { SampleJournal.subjects.contains($0) } == true)
        #expect(difference.description.contains("sequence"))
    }
}
