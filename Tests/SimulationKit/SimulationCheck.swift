import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalReading
import JournalSupport
import Signals

/// The promises, held against one shard's journal at rest and what the outside has seen.
struct SimulationCheck {
    let disk: SimulatedDisk
    /// To conversations of this shard.
    let published: [Signal]
    let consumer: SimulatedConsumer

    func run() throws {
        try checkRecordedOnce()
        try checkRecordOrder()
        try checkPlaces()
        try checkAppliedOnce()
        try checkCausalOrder()
        try checkEffects()
        try checkConsumer()
        _ = try Self.replay(disk)
        try checkVerification()
    }

    /// What `convey verify` finds in a journal that keeps its promises: nothing, whole or conversation by conversation.
    private func checkVerification() throws {
        let journal = SimulatedJournal(disk)
        var limits = JournalVerifier.Limits()
        limits.conversationsPerPass = 2
        limits.page = 7
        let verifier = JournalVerifier(source: journal, limits: limits)
        let whole = try verifier.verifyAll()
        if let difference = whole.difference { throw fail("verification: \(difference)") }
        guard whole.records == disk.records.count else {
            throw fail("verification saw \(whole.records) of \(disk.records.count) records")
        }
        var records = 0
        for conversation in disk.conversations.values {
            let report = try verifier.verify(conversation: conversation.id)
            if let difference = report?.difference { throw fail("verification of one: \(difference)") }
            records += report?.records ?? 0
        }
        guard records == disk.records.count else {
            throw fail("verification one by one saw \(records) of \(disk.records.count) records")
        }
    }

    private func fail(_ text: String) -> Simulation.Violation { Simulation.Violation(description: text) }

    private struct Identity: Hashable {
        let subject: String
        let source: String
        let id: String
        init(_ signal: Signal) { (subject, source, id) = (signal.subject, signal.source, signal.id) }
    }

    private var signals: [(record: JournalRecord, signal: Signal)] {
        disk.records.compactMap { record in
            if case .signal(let signal) = record.content { (record, signal) } else { nil }
        }
    }

    private var markers: [(record: JournalRecord, marker: Marker)] {
        disk.records.compactMap { record in
            if case .marker(let marker) = record.content { (record, marker) } else { nil }
        }
    }

    /// Promises 1 and 2: nothing acknowledged is lost, everything is recorded once.
    private func checkRecordedOnce() throws {
        var counts: [Identity: Int] = [:]
        for (_, signal) in signals { counts[Identity(signal), default: 0] += 1 }
        for (identity, count) in counts where count > 1 { throw fail("\(identity) is recorded \(count) times") }
        for signal in published where counts[Identity(signal)] == nil { throw fail("\(signal.id) is lost") }
    }

    /// Promise 3: record order is publish order for each publisher and subject.
    private func checkRecordOrder() throws {
        var expected: [String: [String]] = [:]
        var known = Set<Identity>()
        for signal in published where known.insert(Identity(signal)).inserted {
            expected["\(signal.source) \(signal.subject)", default: []].append(signal.id)
        }
        var found: [String: [String]] = [:]
        for (_, signal) in signals where signal.source.hasPrefix("/host/") {
            found["\(signal.source) \(signal.subject)", default: []].append(signal.id)
        }
        guard expected == found else { throw fail("record order is not publish order") }
    }

    /// Offsets and sequences have no gaps, and the chain of a conversation leads through all its records.
    private func checkPlaces() throws {
        var offsets: [ConversationID: Int64] = [:]
        var heads: [ConversationID: Position] = [:]
        var sequences: [String: Int64] = [:]
        for record in disk.records {
            offsets[record.conversation, default: 0] += 1
            guard record.offset == offsets[record.conversation] else { throw fail("offset gap at \(record.position)") }
            let family = "\(record.conversation) \(record.family.map(\.name) ?? "")"
            sequences[family, default: 0] += 1
            guard record.sequence == sequences[family] else { throw fail("sequence gap at \(record.position)") }
            guard record.previous == heads[record.conversation] ?? .start else {
                throw fail("the chain is broken at \(record.position)")
            }
            heads[record.conversation] = record.position
        }
    }

    /// Promise 4: one marker for each signal, none for dead letters, and apply orders without gaps.
    private func checkAppliedOnce() throws {
        var applied: [Position: Int] = [:]
        for (_, marker) in markers { applied[marker.appliedPosition, default: 0] += 1 }
        for (record, signal) in signals {
            let count = applied[record.position] ?? 0
            let expected = disk.deadLetters[record.position] == nil ? 1 : 0
            guard count == expected else { throw fail("\(signal.id) at \(record.position) was applied \(count) times") }
        }
        var orders: [Int: Int64] = [:]
        for (record, marker) in markers {
            guard let subject = disk.conversations[record.conversation.rawValue]?.subject else {
                throw fail("conversation \(record.conversation) has no row")
            }
            let partition = StableHash.partition(of: subject, count: disk.partitionCount)
            orders[partition, default: 0] += 1
            guard marker.applyOrder == orders[partition] else { throw fail("apply order gap at \(record.position)") }
        }
    }

    private func checkCausalOrder() throws {
        var positions: [String: [Position]] = [:]
        for (record, signal) in signals {
            positions["\(record.conversation) \(signal.id)", default: []].append(record.position)
        }
        let appliedAt = Dictionary(
            uniqueKeysWithValues: markers.map { ($0.marker.appliedPosition, $0.record.position) })
        for (record, signal) in signals {
            guard case .signal(let cause) = signal.cause, let own = appliedAt[record.position] else { continue }
            let causes = positions["\(record.conversation) \(cause)"] ?? markerTarget(cause, of: record)
            guard causes.contains(where: { appliedAt[$0].map { $0 < own } ?? false }) else {
                throw fail("\(signal.id) at \(record.position) was applied before its cause \(cause)")
            }
        }
    }

    private func markerTarget(_ id: String, of record: JournalRecord) -> [Position] {
        DerivedIDs(disk.shard.tag).appliedPosition(marker: id).map { [$0] } ?? []
    }

    /// Exactly one end for each effect that was ordered, and nothing after it.
    private func checkEffects() throws {
        guard disk.effects.isEmpty else { throw fail("\(disk.effects.count) effects have no end") }
        var ended = Set<String>()
        var attempts: [String: Int] = [:]
        var outsideEnds: [String: Position] = [:]
        for (record, signal) in signals where signal.type.hasPrefix("conv.effect.") {
            let isEnd = [".completed", ".failed", ".canceled"].contains { signal.type.hasSuffix($0) }
            guard signal.source == Signal.effectSource else {
                let effect = (try? JSONValue(signal.data))?["effect_id"]?.string ?? ""
                if isEnd { outsideEnds["\(signal.subject) \(effect)"] = record.position }
                continue
            }
            // effect-{tag}-{cause}-{ordinal}-{attempt}-{what}
            let parts = signal.id.split(separator: "-")
            let key = "\(parts[1])-\(parts[2])-\(parts[3])"
            guard !ended.contains(key) else { throw fail("effect \(key) goes on after its end: \(signal.id)") }
            if isEnd { ended.insert(key) }
            let attempt = Int(parts[4]) ?? -1
            if signal.type.hasSuffix(".started") {
                guard attempt > attempts[key] ?? 0 else { throw fail("attempt \(attempt) of \(key) starts twice") }
                attempts[key] = attempt
            } else if !isEnd, attempt != attempts[key] {
                throw fail("\(signal.id) is of an attempt that is not the newest")
            }
        }
        var ordered = Set<String>()
        for order in try Self.orders(disk) {
            let key = "\(disk.shard.tag)-\(order.cause)-\(order.ordinal)"
            ordered.insert(key)
            let outside = outsideEnds["\(order.subject) \(order.effectID)"]
            guard ended.contains(key) || outside.map({ $0 > order.cause }) ?? false else {
                throw fail("effect \(key) (\(order.effectID)) has no end")
            }
        }
        guard ended.isSubset(of: ordered) else { throw fail("nobody ordered \(ended.subtracting(ordered))") }
    }

    /// The effects that the reducer ordered, replayed.
    private static func orders(
        _ disk: SimulatedDisk
    ) throws -> [(cause: Position, ordinal: Int, subject: String, effectID: String)] {
        var orders: [(cause: Position, ordinal: Int, subject: String, effectID: String)] = []
        _ = try replay(disk) { record, signal, directives in
            var ordinal = 0
            for case .startEffect(let start) in directives {
                orders.append((record.position, ordinal, signal.subject, start.effectID))
                ordinal += 1
            }
        }
        // The reducer does not know which answers are retried; the engine has recorded them.
        let ids = DerivedIDs(disk.shard.tag)
        for case .signal(let signal) in disk.records.map(\.content) where signal.type == SignalType.answerRetried {
            guard let key = ids.effectKey(retried: signal.id) else { continue }
            let effectID = try JSONValue(signal.data)["effect_id"]?.string ?? ""
            orders.append((key.cause, key.ordinal, signal.subject, effectID))
        }
        return orders
    }

    /// Promise 5: everything is published.
    private func checkConsumer() throws {
        for record in disk.records {
            guard let family = record.family, family != .inbound else { continue }
            let subject = disk.conversations[record.conversation.rawValue]?.subject ?? ""
            guard consumer.seen["\(subject) \(family.name) \(record.sequence)"] != nil else {
                throw fail("record \(record.position) was never published")
            }
        }
    }

    /// Promise 3: replaying in processing order gives the recorded states.
    static func replay(
        _ disk: SimulatedDisk, _ body: (JournalRecord, Signal, [Directive]) -> Void = { _, _, _ in }
    ) throws -> [String: ConversationState] {
        var states: [String: ConversationState] = [:]
        for record in disk.records {
            guard case .marker(let marker) = record.content else { continue }
            let applied = disk.records[Int(marker.appliedPosition.rawValue) - 1]
            guard let recorded = applied.recordedSignal else {
                throw Simulation.Violation(description: "a marker was applied")
            }
            let signal = recorded.signal
            var core = ConversationCore(state: states[signal.subject] ?? ConversationState())
            let directives = core.apply(recorded, priority: marker.priority)
            guard core.state.digest == marker.digest else {
                throw Simulation.Violation(description: "replay differs at record \(record.position)")
            }
            states[signal.subject] = core.state
            body(applied, signal, directives)
        }
        return states
    }
}
