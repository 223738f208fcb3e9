import Glibc
import JournalPort
import JournalReading
import Logging
import Signals
import Threads

/// Verifies random conversations, one shard after another, as long as the service runs. Owns a thread of low priority
/// and a reader of each shard.
///
/// It pauses a hundred times as long as it works, so it takes about one percent of one processor whatever the load.
final class BackgroundVerifier: Sendable {
    private static let restFactor: Int64 = 99
    /// The shortest pause after a conversation.
    private static let restMicroseconds: Int64 = 1_000_000
    /// The longest pause, which limits the factor on a slow disk.
    private static let longestRestMicroseconds: Int64 = 60_000_000
    /// Interval of its beats during a pause.
    private static let beatMicroseconds: Int64 = 1_000_000
    /// Maximum differences in the log; further ones are only counted.
    private static let toldLimit = 10
    /// 19 is Linux's lowest priority; this value applies to the calling thread only.
    private static let niceness: Int32 = 15

    private let shards: Int
    private let open: @Sendable (_ shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable
    private let board: StatusBoard
    private let logger: Logger
    private let beat: ThreadBeat
    private let isStopping = Monitor(false)

    /// - Parameters:
    ///   - shards: the number of shards.
    ///   - open: called on the verifier's thread, which owns what it returns.
    init(
        shards: Int, board: StatusBoard, logger: Logger, beat: ThreadBeat,
        open: @escaping @Sendable (_ shard: Int) throws(JournalError) -> any VerifiableJournal & Sendable
    ) {
        self.shards = shards
        self.board = board
        self.logger = logger
        self.beat = beat
        self.open = open
    }

    func stop() {
        isStopping.change { $0 = true }
    }

    /// Runs until `stop`.
    func run() {
        // 0 is the calling thread (setpriority(2), Linux). If it fails, the thread only competes a little more.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
        var random = SystemRandomNumberGenerator()
        var told = 0
        var readers: [Int: any VerifiableJournal & Sendable] = [:]
        var shard = 0
        while !rest(after: 0) {
            let began = Clocks.monotonicMicroseconds()
            do {
                let journal = try readers[shard] ?? open(shard)
                readers[shard] = journal
                try verifyOne(in: journal, random: &random, told: &told)
            } catch {
                // The engine notices problems of the disk; this thread only retries later.
                logger.debug(
                    "a conversation cannot be verified now",
                    metadata: ["shard": .stringConvertible(shard), "reason": "\(error)"])
                readers[shard] = nil
            }
            shard = (shard + 1) % shards
            if rest(after: Clocks.monotonicMicroseconds() - began) { return }
        }
    }

    private func verifyOne(
        in journal: any VerifiableJournal, random: inout SystemRandomNumberGenerator, told: inout Int
    ) throws(JournalError) {
        let last = try journal.recoveryPoint().lastConversation.rawValue
        guard last > 0 else { return }
        let id = ConversationID(Int64.random(in: 1...last, using: &random))
        var stretch = Clocks.monotonicMicroseconds()
        let report = try JournalVerifier(source: journal).verify(conversation: id) {
            defer { stretch = Clocks.monotonicMicroseconds() }
            return !self.rest(after: Clocks.monotonicMicroseconds() - stretch)
        }
        guard let report else { return }
        board.countVerification { metrics in
            metrics.counters.verifiedConversations += 1
            metrics.counters.verifiedRecords += UInt64(report.records)
            metrics.gauges.verifiedAt = Clocks.wallMicroseconds() / 1_000_000
            if report.difference != nil { metrics.counters.verificationDifferences += 1 }
        }
        guard let difference = report.difference else { return board.setVerification(.sound) }
        let text = shards == 1 ? "\(difference)" : "shard \(journal.shard.index): \(difference)"
        board.setVerification(.difference(text))
        told += 1
        guard told <= Self.toldLimit else { return }
        logger.error(
            "the journal is inconsistent; run convey verify",
            metadata: [
                "difference": "\(text)", "meaning": "\(difference.meaning)", "advice": "\(difference.advice)",
            ])
    }

    /// Pauses in proportion to the previous work; true if it is time to stop.
    private func rest(after worked: Int64) -> Bool {
        let length = min(
            max(worked * Self.restFactor, worked == 0 ? Self.restMicroseconds : 0), Self.longestRestMicroseconds)
        let end = Clocks.monotonicMicroseconds() + length
        while true {
            beat.turn()
            let next = Clocks.monotonicMicroseconds() + Self.beatMicroseconds
            if let isTime = isStopping.wait(until: min(end, next), { $0 ? true : nil }) { return isTime }
            if Clocks.monotonicMicroseconds() >= end { return false }
        }
    }
}
