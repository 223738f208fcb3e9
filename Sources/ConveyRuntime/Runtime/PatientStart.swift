import JournalPort
import Logging
import Threads

/// Retries a step of the start until the disk allows it: a service that is restarted on a full disk waits for space, as
/// a running service does. An error that waiting cannot resolve ends the start.
struct PatientStart<Result> {
    let beat: ThreadBeat
    let logger: Logger
    let attempt: () throws(JournalError) -> Result
    /// Called after each failed attempt that may succeed later.
    let failed: (JournalError) -> Void
    /// Waits for this many microseconds; returns whether a stop was requested.
    let wait: (Int64, JournalError) -> Bool

    private static var firstRetryMicroseconds: Int64 { 100_000 }
    private static var lastRetryMicroseconds: Int64 { 5_000_000 }
    /// How often a standby node checks whether a shard is free. This interval is most of the gap that a conversation notices.
    private static var standbyMicroseconds: Int64 { 200_000 }

    /// - Returns: nil if a stop was requested before the step succeeded.
    /// - Throws: errors that are not retriable.
    func run() throws(JournalError) -> Result? {
        var delay = Self.firstRetryMicroseconds
        var told: JournalError.Code?
        while true {
            beat.turn(allowing: BeatLimits.start)
            do {
                let result = try attempt()
                if told == .ownedElsewhere {
                    logger.notice("taking over")
                } else if told != nil {
                    logger.notice("the journal can be opened now")
                }
                return result
            } catch {
                let isOwned = error.code == .ownedElsewhere
                guard error.isRetriable || isOwned else { throw error }
                if told != error.code {
                    if isOwned {
                        logger.notice("standing by", metadata: ["reason": "\(error.message)"])
                    } else {
                        logger.error("the journal cannot be opened yet; trying again", metadata: ["reason": "\(error)"])
                    }
                }
                told = error.code
                failed(error)
                if wait(isOwned ? Self.standbyMicroseconds : delay, error) { return nil }
                delay = isOwned ? Self.firstRetryMicroseconds : min(delay * 2, Self.lastRetryMicroseconds)
            }
        }
    }
}
