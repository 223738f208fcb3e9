import ConveyEngine
import JournalPort
import Logging
import Observability
import Threads

/// Opens the journal and recovers from it, and waits where the disk does not let it: a service that is restarted on a full
/// disk waits for space, as it does while it runs. What waiting cannot mend ends the start.
struct JournalOpening {
    let open: @Sendable () throws(JournalError) -> any Journal
    let settings: EngineSettings
    let mailbox: EngineMailbox
    let backPressure: BackPressure
    let board: StatusBoard
    let logger: Logger
    let beat: ThreadBeat

    private static let firstRetryMicroseconds: Int64 = 100_000
    private static let lastRetryMicroseconds: Int64 = 5_000_000

    /// - Returns: nil when a stop was asked for before it succeeded.
    /// - Throws: what is not retriable.
    func run() throws(JournalError) -> (journal: any Journal, engine: Engine)? {
        var delay = Self.firstRetryMicroseconds
        var metrics = MetricsSnapshot()
        var told: JournalError.Code?
        while true {
            beat.turn(allowing: BeatLimits.start)
            do {
                let opened = try attempt(metrics)
                if told != nil { logger.notice("the journal can be opened now") }
                board.setJournal(.open)
                return opened
            } catch {
                guard error.isRetriable else { throw error }
                if told != error.code {
                    logger.error("the journal cannot be opened yet; trying again", metadata: ["reason": "\(error)"])
                }
                told = error.code
                metrics.counters.commitFailures += 1
                board.setMetrics(metrics)
                board.setJournal(.failed(error.message))
                backPressure.journalFailed()
                if wait(delay, failing: error) { return nil }
                delay = min(delay * 2, Self.lastRetryMicroseconds)
            }
        }
    }

    private func attempt(_ metrics: MetricsSnapshot) throws(JournalError) -> (journal: any Journal, engine: Engine) {
        let journal = try open()
        let engine = try Engine(
            journal: journal, settings: settings, time: Clocks.engineTime(), metrics: metrics, logger: logger)
        return (journal, engine)
    }

    /// Refuses what is handed over meanwhile.
    /// - Returns: whether a stop was asked for.
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
