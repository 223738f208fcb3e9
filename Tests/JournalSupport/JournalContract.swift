import JournalPort
import Signals

/// The behavior that the engine relies on, for every kind of journal. Each adapter's tests run every case.
public struct JournalContract: Sendable, CustomStringConvertible {
    public struct Broken: Error, CustomStringConvertible {
        public let description: String
    }

    public let description: String
    private let check: @Sendable (any Journal) throws -> Void

    /// - Parameter journal: an empty journal.
    public func run(_ journal: any Journal) throws { try check(journal) }

    public static let cases: [JournalContract] = [
        JournalContract("a new journal is empty") { journal in
            let point = try journal.recoveryPoint()
            try expect(point.lastPosition == .start && point.checkpoint == .start && point.outboxCursor == .start)
            try expect(point.newestPending == .start && point.newestEffectCause == .start && point.deadLetters == 0)
            try expect(point.applyOrders.count == journal.partitionCount)
        },
        JournalContract("records come back as they were written, in order") { journal in
            let batch = sampleBatch()
            try journal.commit(batch)
            try expect(try journal.records(after: .start, limit: 100) == batch.records)
            try expect(try journal.records(after: Position(1), limit: 1) == [batch.records[1]])
            for record in batch.records { try expect(try journal.record(at: record.position) == record) }
            try expect(try journal.record(at: Position(99)) == nil)
            try expect(try journal.recoveryPoint().lastPosition == batch.records.last?.position)
        },
        JournalContract("a record whose content was removed keeps its place, its hash and what is left of it") {
            journal in
            var batch = sampleBatch()
            var signal = batch.records[0]
            guard case .signal(let content) = signal.content else { throw Broken(description: "no signal") }
            let hash = signal.hash
            for (index, reason) in RemovedContent.Reason.allCases.enumerated() {
                let isKnown = index == 0
                signal.content = .removed(
                    RemovedContent(
                        reason: reason, family: .inbound, id: isKnown ? content.id : nil,
                        source: isKnown ? content.source : nil, type: isKnown ? content.type : nil,
                        contentHash: JournalRecord.Content.signal(content).hash))
                signal.position = Position(Int64(index) + 1)
                signal.previous = Position(Int64(index))
                signal.offset = Int64(index) + 1
                signal.sequence = Int64(index) + 1
                if index > 0 { signal = rehashed(signal) }
                try expect(index > 0 || signal.hash == hash)
                if index == 0 { batch.records = [] }
                batch.records.append(signal)
            }
            try journal.commit(batch)
            let found = try journal.records(after: .start, limit: 9)
            try expect(found == batch.records && found.map(\.hash) == batch.records.map(\.hash))
            try expect(found.allSatisfy { $0.damage == nil && $0.isSignal && $0.family == .inbound })
            try expect(found.map { $0.identity != nil } == [true, false, false])
            try expect(found[0].identity == SignalIdentity(content))
            try expect(
                try journal.links(from: Position(3), limit: 9) == batch.records.reversed().map { RecordLink($0) })
        },
        JournalContract("conversations are found by subject and by id, and keep what was saved") { journal in
            var batch = sampleBatch()
            var saved = batch.createdConversations[0]
            saved.through = Position(2)
            saved.head = Position(2)
            saved.offset = 2
            saved.sequences = [1, 1, 0, 0, 0]
            saved.core.canceledThrough = 1
            saved.core.configured = Position(1)
            batch.savedConversations = [saved]
            try journal.commit(batch)
            try expect(try journal.conversation(subject: saved.subject) == saved)
            try expect(try journal.conversation(id: saved.id) == saved)
            try expect(try journal.conversation(subject: "nobody") == nil)
            try expect(try journal.subject(of: saved.id) == saved.subject)
            try expect(try journal.recoveryPoint().lastConversation == saved.id)
        },
        JournalContract("a checkpoint makes identities findable and is where recovery begins") { journal in
            var batch = sampleBatch()
            batch.identities = [(7, Position(1)), (.max, Position(2))]
            batch.checkpoint = Checkpoint(
                through: Position(2), pendingAdded: [Position(1), Position(2)], pendingRemoved: [],
                applyOrders: Array(repeating: 3, count: journal.partitionCount))
            try journal.commit(batch)
            var next = JournalBatch()
            // As after a crash during the next checkpoint.
            next.identities = [(7, Position(1))]
            next.checkpoint = Checkpoint(
                through: Position(2), pendingAdded: [], pendingRemoved: [Position(2)],
                applyOrders: Array(repeating: 3, count: journal.partitionCount))
            try journal.commit(next)
            try expect(try journal.positions(identity: 7) == [Position(1)])
            try expect(try journal.positions(identity: .max) == [Position(2)])
            try expect(try journal.positions(identity: 8).isEmpty)
            let point = try journal.recoveryPoint()
            try expect(point.checkpoint == Position(2) && point.newestPending == Position(1))
            try expect(try journal.pending(after: .start, limit: 9) == [Position(1)])
            try expect(try journal.pending(after: Position(1), limit: 9).isEmpty)
            try expect(try journal.isPending(Position(1)) && !journal.isPending(Position(2)))
            try expect(point.applyOrders == Array(repeating: 3, count: journal.partitionCount))
        },
        JournalContract("an effect is open from its first row to its end, with its newest attempt") { journal in
            var batch = sampleBatch()
            let first = effect(cause: 1, ordinal: 0)
            let second = effect(cause: 1, ordinal: 1)
            batch.openedEffects = [first, second]
            var started = first
            started.attempt = 1
            batch.changedEffects = [started]
            try journal.commit(batch)
            var end = JournalBatch()
            var expected = first
            expected.attempt = 2
            expected.dueAt = 1_700_000_000_000_000
            end.changedEffects = [expected]
            end.closedEffects = [second.key]
            try journal.commit(end)
            try expect(try journal.storedEffects(after: nil, of: nil, limit: 9) == [.open(expected)])
        },
        JournalContract("an effect keeps its round, its policy, its due time and that it waits for approval") {
            journal in
            var batch = sampleBatch()
            var waiting = effect(cause: 1, ordinal: 0)
            waiting.round = 3
            waiting.answers = "m1"
            waiting.policy = Array(#"{"max_attempts":1}"#.utf8)
            waiting.dueAt = 1_700_000_000_000_001
            waiting.awaitsApproval = true
            batch.openedEffects = [waiting]
            try journal.commit(batch)
            try expect(try journal.storedEffects(after: nil, of: nil, limit: 9) == [.open(waiting)])
            var allowed = JournalBatch()
            waiting.dueAt = nil
            waiting.awaitsApproval = false
            allowed.changedEffects = [waiting]
            try journal.commit(allowed)
            try expect(try journal.storedEffects(after: nil, of: nil, limit: 9) == [.open(waiting)])
        },
        JournalContract("open effects are listed by key, page by page, with the signal that ordered them") { journal in
            var batch = sampleBatch()
            let effects = [(1, 0), (1, 1), (2, 0), (2, 1)].map { effect(cause: $0.0, ordinal: $0.1) }
            batch.openedEffects = effects.reversed()
            try journal.commit(batch)
            let expected = effects.map { effect in
                let cause = batch.records[Int(effect.key.cause.rawValue) - 1]
                return EffectUnderWay(effect: effect, causeOffset: cause.offset, orderedAt: cause.recordedAt)
            }
            try expect(try journal.openEffects(after: nil, limit: 9) == expected)
            try expect(try journal.openEffects(after: nil, limit: 1) == [expected[0]])
            try expect(try journal.openEffects(after: effects[0].key, limit: 2) == Array(expected[1...2]))
            try expect(try journal.openEffects(after: effects[3].key, limit: 2).isEmpty)
            let rows = effects.map { StoredEffect.open($0) }
            try expect(try journal.storedEffects(after: nil, of: nil, limit: 9) == rows)
            try expect(
                try journal.storedEffects(after: effects[0].key, of: ConversationID(1), limit: 2) == Array(rows[1...2]))
            try expect(try journal.storedEffects(after: nil, of: ConversationID(2), limit: 9).isEmpty)
            try expect(try journal.recoveryPoint().newestEffectCause == Position(2))
            var end = JournalBatch()
            end.closedEffects = [effects[1].key]
            try journal.commit(end)
            try expect(
                try journal.openEffects(after: effects[0].key, limit: 9).map(\.effect.key) == effects[2...].map(\.key))
        },
        JournalContract("dead letters are known by their position") { journal in
            var batch = sampleBatch()
            batch.deadLetters = [
                DeadLetter(position: Position(1), conversation: ConversationID(1), reason: .causeTimeout, at: 5)
            ]
            try journal.commit(batch)
            try expect(try journal.isDeadLetter(Position(1)))
            try expect(try !journal.isDeadLetter(Position(2)))
            try expect(try journal.recoveryPoint().deadLetters == 1)
        },
        JournalContract("a re-driven dead letter is pending, a discarded one stays and is not open") { journal in
            var batch = sampleBatch()
            batch.deadLetters = [1, 2].map {
                DeadLetter(
                    position: Position($0), conversation: ConversationID(1), reason: .causeTimeout, at: 5)
            }
            try journal.commit(batch)
            var next = JournalBatch()
            next.redrivenDeadLetters = [Position(1)]
            next.discardedDeadLetters = [Position(2)]
            try journal.commit(next)
            try expect(try journal.deadLetter(at: Position(1)) == nil && !journal.isDeadLetter(Position(1)))
            var discarded = batch.deadLetters[1]
            discarded.reason = .discarded
            try expect(try journal.deadLetter(at: Position(2)) == discarded && journal.isDeadLetter(Position(2)))
            try expect(try journal.deadLetters(after: .start, conversation: nil, limit: 9) == [discarded])
            try expect(try journal.deadLetters(after: Position(2), conversation: nil, limit: 9).isEmpty)
            let point = try journal.recoveryPoint()
            try expect(point.newestPending == Position(1) && point.deadLetters == 0)
            try expect(try journal.pending(after: .start, limit: 9) == [Position(1)])
        },
        JournalContract("dead letters are listed in order, of all conversations or of one") { journal in
            var batch = sampleBatch()
            batch.createdConversations.append(
                ConversationRecord(id: ConversationID(2), subject: "b", partition: 0))
            let letters = [(1, 1), (2, 2), (3, 1)].map { position, conversation in
                DeadLetter(
                    position: Position(Int64(position)), conversation: ConversationID(Int64(conversation)),
                    reason: .parkedLimit, at: Int64(position))
            }
            batch.deadLetters = letters
            try journal.commit(batch)
            try expect(try journal.deadLetter(at: Position(2)) == letters[1])
            try expect(try journal.deadLetter(at: Position(9)) == nil)
            try expect(try journal.deadLetters(after: .start, conversation: nil, limit: 10) == letters)
            try expect(try journal.deadLetters(after: Position(1), conversation: nil, limit: 1) == [letters[1]])
            try expect(
                try journal.deadLetters(after: .start, conversation: ConversationID(1), limit: 10)
                    == [letters[0], letters[2]])
        },
        JournalContract("a conversation's head is its newest record, saved or not, before a checkpoint and behind it") {
            journal in
            func expectHead(_ subject: String, _ position: Int64, _ offset: Int64, line: Int = #line) throws {
                let head = try journal.head(subject: subject)
                try expect(
                    head?.position == Position(position) && head?.offset == offset
                        && head?.recordedAt == 1_700_000_000_000_000 + position, line: line)
                if let head { try expect(try journal.head(id: head.id) == head, line: line) }
            }
            let sample = sampleBatch()
            try journal.commit(sample)
            try expect(try journal.head(subject: "nobody") == nil)
            try expectHead("a/b #ü", 3, 3)
            var next = JournalBatch()
            next.records = [following(sample.records[2], in: 1, offset: 4)]
            try journal.commit(next)
            try expectHead("a/b #ü", 4, 4)
            var saved = sample.createdConversations[0]
            saved.through = Position(4)
            saved.head = Position(4)
            saved.offset = 4
            var checkpoint = JournalBatch()
            checkpoint.savedConversations = [saved]
            checkpoint.checkpoint = Checkpoint(
                through: Position(4), pendingAdded: [], pendingRemoved: [],
                applyOrders: Array(repeating: 0, count: journal.partitionCount))
            try journal.commit(checkpoint)
            try expectHead("a/b #ü", 4, 4)
            var later = JournalBatch()
            later.createdConversations = [ConversationRecord(id: ConversationID(2), subject: "later", partition: 0)]
            var first = following(next.records[0], in: 2, offset: 1)
            first.previous = .start
            later.records = [first]
            try journal.commit(later)
            try expectHead("a/b #ü", 4, 4)
            try expectHead("later", 5, 1)
        },
        JournalContract("a conversation's chain is walked backwards, and its links are its records without data") {
            journal in
            let batch = sampleBatch()
            try journal.commit(batch)
            let links = batch.records.map { RecordLink($0) }
            try expect(try journal.links(from: Position(3), limit: 10) == links.reversed())
            try expect(try journal.links(from: Position(3), limit: 2) == links[1...].reversed())
            try expect(try journal.links(from: .start, limit: 2).isEmpty)
            try expect(try journal.newestLinks(before: nil, limit: 2) == links[1...].reversed())
            try expect(try journal.newestLinks(before: Position(3), limit: 9) == links[..<2].reversed())
            try expect(
                try journal.records(at: [Position(3), Position(1)]) == [batch.records[2], batch.records[0]])
            try expect((try? journal.records(at: [Position(9)])) == nil)
        },
        JournalContract("conversations are listed by the bytes of their subjects") { journal in
            var batch = JournalBatch()
            let subjects = ["b", "a", "aé", "a%", "é", "a_", "Z"]
            for (index, subject) in subjects.enumerated() {
                let id = ConversationID(Int64(index + 1))
                batch.createdConversations.append(ConversationRecord(id: id, subject: subject, partition: 0))
                var record = sampleBatch().records[0]
                record.position = Position(Int64(index + 1))
                record.conversation = id
                record.previous = .start
                batch.records.append(record)
            }
            // No record, so it does not exist yet.
            batch.createdConversations.append(
                ConversationRecord(id: ConversationID(99), subject: "ab", partition: 0))
            try journal.commit(batch)
            func listed(_ prefix: String, _ contains: String = "", after: String? = nil, limit: Int = 10) throws
                -> [String]
            {
                let filter = SubjectFilter(prefix: prefix, contains: contains)
                let found = try journal.conversations(matching: filter, after: after, limit: limit, scanning: 100)
                return found.heads.map(\.subject)
            }
            try expect(try listed("") == ["Z", "a", "a%", "a_", "aé", "b", "é"])
            try expect(try listed("a") == ["a", "a%", "a_", "aé"])
            try expect(try listed("a", after: "a%") == ["a_", "aé"])
            try expect(try listed("", after: "b") == ["é"])
            try expect(try listed("x").isEmpty)
            try expect(try listed("", "A") == ["a", "a%", "a_", "aé"])
            try expect(try listed("", "z") == ["Z"])
            try expect(try listed("a", "%") == ["a%"] && listed("", "_") == ["a_"] && listed("", "\\").isEmpty)
            try expect(try listed("", "É") == ["aé", "é"] && listed("", "é") == ["aé", "é"])
            try expect(try listed("", "ä").isEmpty && listed("", "Aé") == ["aé"] && listed("é", "É") == ["é"])
            try expect(try listed("a", "é", after: "a") == ["aé"] && listed("", "É", limit: 1) == ["aé"])
        },
        JournalContract("a look at subjects ends where it is told to, and goes on behind it") { journal in
            var batch = JournalBatch()
            for index in 1...9 {
                let id = ConversationID(Int64(index))
                batch.createdConversations.append(
                    ConversationRecord(id: id, subject: index % 4 == 0 ? "x\(index)" : "y\(index)", partition: 0))
                var record = sampleBatch().records[0]
                record.position = Position(Int64(index))
                record.conversation = id
                record.previous = .start
                batch.records.append(record)
            }
            try journal.commit(batch)
            for (filter, expected) in [
                (SubjectFilter(contains: "Y"), ["y1", "y2", "y3", "y5", "y6", "y7", "y9"]),
                (SubjectFilter(prefix: "y", contains: "5"), ["y5"]), (SubjectFilter(contains: "8"), ["x8"]),
                (SubjectFilter(prefix: "x"), ["x4", "x8"]), (SubjectFilter(contains: "no"), []),
            ] {
                for limit in 1...3 {
                    for scanning in 1...3 {
                        var subjects: [String] = []
                        var next: String?
                        repeat {
                            let found = try journal.conversations(
                                matching: filter, after: next, limit: limit, scanning: scanning)
                            try expect(found.heads.count <= limit)
                            if let later = found.next { try expect(next.map { $0 < later } ?? true) }
                            subjects += found.heads.map(\.subject)
                            next = found.next
                        } while next != nil
                        try expect(subjects == expected)
                    }
                }
            }
        },
        JournalContract("the outbox cursor stays where it was put") { journal in
            var batch = sampleBatch()
            let last = batch.records.map(\.position).max() ?? .start
            batch.outboxCursor = last
            try journal.commit(batch)
            try expect(try journal.recoveryPoint().outboxCursor == last)
        },
        JournalContract("a probe that returns has changed nothing that counts") { journal in
            try journal.probe()
            try expect(try journal.recoveryPoint().lastPosition == .start)
        },
    ]

    private init(_ description: String, _ check: @escaping @Sendable (any Journal) throws -> Void) {
        self.description = description
        self.check = check
    }

    private static func expect(_ condition: Bool, line: Int = #line) throws {
        guard condition else { throw Broken(description: "JournalContract.swift:\(line)") }
    }

    /// Two signals with all attributes that a signal can have, and a marker.
    public static func sampleBatch() -> JournalBatch {
        let conversation = ConversationRecord(id: ConversationID(1), subject: "a/b #ü", partition: 0)
        let full = Signal(
            id: "s1", source: "/host", type: "conv.in.message.received", subject: "a/b #ü",
            time: "2026-01-02T03:04:05Z", cause: .signal("s0"),
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            extensions: Array(#""foo":"bar""#.utf8), data: Array(#"{"content":"hi \u0000 ü"}"#.utf8))
        let plain = Signal(
            id: "", source: "/host", type: "conv.audit.x", subject: "a/b #ü", cause: .unsatisfiable,
            data: Array("{}".utf8))
        var batch = JournalBatch()
        batch.createdConversations = [conversation]
        batch.records = [
            record(1, .signal(full), offset: 1, sequence: 1),
            record(2, .signal(plain), offset: 2, sequence: 1),
            record(
                3,
                .marker(Marker(appliedPosition: Position(1), applyOrder: 1, priority: .message, digest: .max)),
                offset: 3, sequence: 1),
        ]
        return batch
    }

    /// A record right after another.
    private static func following(_ record: JournalRecord, in conversation: Int64, offset: Int64) -> JournalRecord {
        var next = record
        next.position = record.position.next
        next.conversation = ConversationID(conversation)
        next.previous = record.position
        next.offset = offset
        next.recordedAt = 1_700_000_000_000_000 + next.position.rawValue
        return rehashed(next)
    }

    /// A modified record, with the hash of its new content.
    private static func rehashed(_ record: JournalRecord) -> JournalRecord {
        JournalRecord(
            position: record.position, conversation: record.conversation, previous: record.previous,
            offset: record.offset, sequence: record.sequence, recordedAt: record.recordedAt, content: record.content)
    }

    private static func record(
        _ position: Int64, _ content: JournalRecord.Content, offset: Int64, sequence: Int64
    ) -> JournalRecord {
        JournalRecord(
            position: Position(position), conversation: ConversationID(1), previous: Position(position - 1),
            offset: offset, sequence: sequence, recordedAt: 1_700_000_000_000_000 + position, content: content)
    }

    private static func effect(cause: Int64, ordinal: Int) -> OpenEffect {
        OpenEffect(
            key: EffectKey(cause: Position(cause), ordinal: ordinal), conversation: ConversationID(1),
            subject: "a/b #ü", effectClass: .llm, kind: "generation", effectID: "llm-generation-s1", causeID: "s1")
    }
}
