import JournalPort
import Signals

/// Checks the invariants of a journal's records. They hold for every kind of journal, and after any fault of the processes that wrote it.
struct RecordAudit {
    private(set) var findings: [String] = []
    /// All records of all shards, by shard.
    private let records: [[JournalRecord]]
    private let readers: [any VerifiableJournal]

    private static let page = 1_000

    init(_ store: some JournalStore) throws {
        var readers: [any VerifiableJournal] = []
        for shard in 0..<(try store.layout().shards) { readers.append(try store.openVerifier(shard: shard)) }
        self.readers = readers
        records = try readers.map { reader in
            var records: [JournalRecord] = []
            while true {
                let page = try reader.records(after: records.last?.position ?? .start, limit: Self.page)
                if page.isEmpty { return records }
                records += page
            }
        }
        for shard in records { check(shard) }
    }

    /// The number of recorded signals whose source begins with a text.
    static func recorded(_ store: some JournalStore, source: String) throws -> Int {
        try RecordAudit(store).signals.count { $0.source.hasPrefix(source) }
    }

    /// Whether all records are applied, all effects have ended, and the broker has acknowledged all events.
    static func isAtRest(_ store: some JournalStore) throws -> Bool {
        for shard in 0..<(try store.layout().shards) {
            let reader = try store.openVerifier(shard: shard)
            let point = try reader.recoveryPoint()
            guard point.outboxCursor == point.lastPosition,
                try reader.storedEffects(after: nil, of: nil, limit: 1).isEmpty
            else { return false }
        }
        return true
    }

    private var signals: [Signal] {
        records.joined().compactMap { if case .signal(let signal) = $0.content { signal } else { nil } }
    }

    // MARK: Rules

    private mutating func check(_ shard: [JournalRecord]) {
        var offsets: [ConversationID: Int64] = [:]
        var sequences: [[Int64]: Int64] = [:]
        var heads: [ConversationID: Position] = [:]
        var applied: Set<Position> = []
        var known: Set<[String]> = []
        for (index, record) in shard.enumerated() {
            note(record.position.rawValue == Int64(index + 1), "positions have a gap at \(record.position)")
            note(record.damage == nil, "\(record.damage ?? "")")
            let offset = offsets[record.conversation, default: 0] + 1
            note(record.offset == offset, "offset \(record.offset) instead of \(offset) at \(record.position)")
            offsets[record.conversation] = record.offset
            note(
                record.previous == heads[record.conversation] ?? .start, "record \(record.position) follows another one"
            )
            heads[record.conversation] = record.position
            let family = Int64(record.family?.rawValue ?? 99)
            let sequence = sequences[[record.conversation.rawValue, family], default: 0] + 1
            note(
                record.sequence == sequence, "sequence \(record.sequence) instead of \(sequence) at \(record.position)")
            sequences[[record.conversation.rawValue, family]] = record.sequence
            switch record.content {
            case .signal(let signal):
                note(
                    known.insert([signal.subject, signal.source, signal.id]).inserted,
                    "\(signal.subject) \(signal.id) of \(signal.source) is recorded twice")
            case .marker(let marker):
                note(applied.insert(marker.appliedPosition).inserted, "\(marker.appliedPosition) is applied twice")
                note(marker.appliedPosition < record.position, "a marker stands before its signal")
            case .removed, .unreadable: break
            }
        }
        checkEnds(shard)
    }

    /// Checks that an effect has at most one end.
    private mutating func checkEnds(_ shard: [JournalRecord]) {
        var ended: Set<String> = []
        for record in shard {
            guard case .signal(let signal) = record.content, signal.source == "/convey/effects",
                let end = [".completed", ".failed", ".canceled"].first(where: signal.type.hasSuffix)
            else { continue }
            // The id without the attempt and the lifecycle.
            let name = signal.id.split(separator: "-").dropLast(2).joined(separator: "-")
            note(ended.insert(name).inserted, "effect \(name) has a second end: \(end)")
        }
    }

    private mutating func note(_ isRight: Bool, _ finding: @autoclosure () -> String) {
        if !isRight, findings.count < 20 { findings.append(finding()) }
    }

    /// Checks that every signal of a load is recorded, that its sources contain nothing else, and that each publisher's order is kept.
    mutating func check(_ load: Load) {
        let recorded = Dictionary(grouping: signals.filter { $0.source.hasPrefix("/load/") }) {
            [$0.subject, $0.source]
        }
        .mapValues { $0.map(\.id) }
        let expected = Dictionary(grouping: load.signals.joined()) { [$0.subject, $0.source] }.mapValues {
            $0.map(\.id)
        }
        for key in Set(recorded.keys).union(expected.keys) {
            let (was, should) = (recorded[key] ?? [], expected[key] ?? [])
            let (lost, extra) = (Set(should).subtracting(was), Set(was).subtracting(should))
            note(was == should, "\(key): lost \(lost.prefix(5)), extra \(extra.prefix(5)), or in another order")
        }
    }

    /// Checks that every signal is applied or a dead letter.
    mutating func checkAtRest() throws {
        for (shard, reader) in zip(records, readers) {
            var waiting: Set<Position> = []
            for record in shard {
                switch record.content {
                case .signal: waiting.insert(record.position)
                case .marker(let marker): waiting.remove(marker.appliedPosition)
                case .removed, .unreadable: break
                }
            }
            for position in waiting where try !reader.isDeadLetter(position) {
                note(false, "record \(position) was never applied")
            }
        }
    }

    /// Checks that a listener received every event of the journal as recorded, and the first copies of each conversation's events in order.
    mutating func check(_ listener: Listener) {
        var journaled: Set<[String]> = []
        for (shard, reader) in zip(records, readers) {
            for record in shard {
                guard let subject = try? reader.subject(of: record.conversation) else { continue }
                switch record.content {
                case .signal(let signal) where record.family != .inbound:
                    journaled.insert([subject, signal.id, "\(record.offset)"])
                case .marker(let marker):
                    journaled.insert([
                        subject, "applied-\(reader.shard.tag)-\(marker.appliedPosition)", "\(record.offset)",
                    ])
                default: break
                }
            }
        }
        var missing = journaled
        var newest: [String: Int] = [:]
        for event in listener.events {
            let key = [event.subject, event.id, "\(event.offset)"]
            note(journaled.contains(key), "published and not recorded: \(key)")
            guard missing.remove(key) != nil else { continue }
            let offset = Int(event.offset)
            note(
                offset > newest[event.subject, default: 0],
                "\(key) came first behind offset \(newest[event.subject] ?? 0)")
            newest[event.subject] = max(offset, newest[event.subject, default: 0])
        }
        note(missing.isEmpty, "\(missing.count) events never came, such as \(missing.prefix(3))")
    }
}
