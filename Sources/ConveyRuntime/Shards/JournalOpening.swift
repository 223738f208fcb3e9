import ConveyEngine
import JournalPort
import Logging
import Observability
import Threads

/// Opens a shard's journal and recovers from it; waits if the disk does not allow it.
struct JournalOpening {
    let shard: Int
    let open: @Sendable () throws(JournalError) -> any Journal
    let settings: EngineSettings
    let mailbox: EngineMailbox
    let backPressure: BackPressure
    let board: ShardBoard
    let logger: Logger
    let beat: ThreadBeat
    /// Called when it must wait.
    let waits: (JournalError) -> Void

    struct Result {
        var journal: any Journal
        var engine: Engine
        /// When the attempt that succeeded began (microseconds, monotonic).
        var began: Int64
    }

    /// - Returns: nil if a stop was requested before it succeeded.
    /// - Throws: errors that are not retriable.
    func run() throws(JournalError) -> Result? {
        var metrics = MetricsSnapshot()
        let start = PatientStart<Result>(
            beat: beat, logger: logger,
            attempt: { () throws(JournalError) in try attempt(metrics) },
            failed: { error in
                if error.code == .ownedElsewhere {
                    board.setJournal(.standby(error.message))
                    backPressure.standsBy(shard: shard, "this node stands by: \(error.message)")
                    return waits(error)
                }
                metrics.counters.commitFailures += 1
                board.setMetrics(metrics)
                board.setJournal(.failed(error.message))
                backPressure.journalFailed(shard: shard)
                waits(error)
            },
            wait: { wait($0, failing: $1) })
        guard let opened = try start.run() else { return nil }
        board.setJournal(.open)
        return opened
    }

    private func attempt(_ metrics: MetricsSnapshot) throws(JournalError) -> Result {
        let began = Clocks.monotonicMicroseconds()
        let journal = try open()
        let engine = try Engine(
            journal: journal, settings: settings, time: Clocks.engineTime(), metrics: metrics, logger: logger)
        return Result(journal: journal, engine: engine, began: began)
    }

    /// Refuses inputs meanwhile.
    /// - Returns: whether a stop was requested.
    private func wait(_ delay: Int64, failing error: JournalError) -> Bool {
        let deadline = Clocks.monotonicMicroseconds() + delay
        repeat {
            let contents = mailbox.take(until: deadline)
            contents.fail(with: error)
            if contents.isStopping { return true }
        } while Clocks.monotonicMicroseconds() < deadline
        return false
    }
}
