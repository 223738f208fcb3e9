import ConveyEngine
import JournalPort
import JournalSupport
import Logging
import Signals

/// One shard of the simulated process: its journal, its engine, its outbox and its effects.
final class SimulatedShard {
    static let tags = [SimulatedDisk.tag, "sim33", "sim44", "sim55"]
    private static let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    let disk: SimulatedDisk
    private(set) var journal: SimulatedJournal
    private(set) var engine: Engine
    /// Committed and not yet published; lost in a crash, and read again from the cursor.
    var outbox: [OutboundEvent] = []
    var acknowledgedCursor = Position.start
    var running: [EffectKey: (attempt: EffectAttempt, deltas: Int)] = [:]
    /// Attempts that were stopped: what they report comes late.
    var stopped: [OpenEffect] = []
    /// Conversations made anew, by engines before this one.
    private var rebuilt = 0

    init(_ disk: SimulatedDisk, settings: EngineSettings, time: EngineTime) throws {
        self.disk = disk
        journal = SimulatedJournal(disk)
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
    }

    var isQuiet: Bool { !engine.hasWork && running.isEmpty && outbox.isEmpty && disk.effects.isEmpty }
    var rebuiltConversations: Int { rebuilt + Int(engine.metrics.counters.conversationsRebuilt) }

    /// Everything in memory is gone; the journal says what there was.
    func restart(settings: EngineSettings, time: EngineTime) throws {
        journal = SimulatedJournal(disk)
        running.removeAll()
        rebuilt = rebuiltConversations
        engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
        outbox = []
        for record in try journal.records(after: disk.outboxCursor, limit: .max) {
            if let event = try OutboundEvent(record, reader: journal) { outbox.append(event) }
        }
    }
}
