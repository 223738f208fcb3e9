import JournalPort
import JournalReading
import ProjectionConsumer

/// Verifies the shards of a store one after another, each up to its first difference.
struct StoreVerification {
    private let store: any JournalStore
    private let layout: JournalLayout
    /// The results, by shard.
    private(set) var reports: [Sharded<VerificationReport>] = []

    /// - Throws: errors of opening the journals.
    init(_ store: any JournalStore) throws(JournalError) {
        self.store = store
        layout = try store.layout()
    }

    var shards: Int { layout.shards }

    /// - Parameter sample: the number of random conversations; nil for all.
    mutating func verifyAll(
        sample: Int?, progress: (JournalVerifier.Progress) -> Void
    ) throws(JournalError) {
        var random = SystemRandomNumberGenerator()
        let samples = sample.map { count in
            (0..<count).reduce(into: [Int: Int]()) { counts, _ in
                counts[Int.random(in: 0..<layout.shards, using: &random), default: 0] += 1
            }
        }
        for shard in 0..<layout.shards {
            let report = try report(shard) { (verifier) throws(JournalError) in
                guard let samples else { return try verifier.verifyAll(progress: progress) }
                var random = SystemRandomNumberGenerator()
                return try verifier.verifySample(samples[shard] ?? 0, random: &random, progress: progress)
            }
            if let report { reports.append(report) }
        }
    }

    /// - Returns: false if there is no such conversation.
    mutating func verify(subject: String) throws(JournalError) -> Bool {
        let report = try report(layout.shard(of: subject)) { (verifier) throws(JournalError) in
            try verifier.verify(subject: subject)
        }
        if let report { reports.append(report) }
        return report != nil
    }

    /// Finds the first conversation of which a projection has seen more than its shard has recorded. Shards with a
    /// difference are skipped.
    mutating func compare(withProjection path: String) throws {
        if reports.allSatisfy({ $0.value.difference != nil }) { return }
        let progress = try ProjectionProgress(path: path)
        var readers: [Int: any JournalReader] = [:]
        while let seen = try progress.next() {
            let shard = layout.shard(of: seen.subject)
            guard let index = reports.firstIndex(where: { $0.shard == shard && $0.value.difference == nil }) else {
                continue
            }
            let reader = try readers[shard] ?? store.openReader(shard: shard)
            readers[shard] = reader
            reports[index].value.difference = try reader.difference(
                afterSeeing: seen.sequence, of: seen.family, seen.subject, by: path)
        }
    }

    /// The report about an incomplete journal.
    static func damaged(_ message: String, shard: Int) -> Sharded<VerificationReport> {
        var report = VerificationReport()
        report.difference = JournalDifference(.storage, message)
        return Sharded(shard: shard, report)
    }

    private func report(
        _ shard: Int, _ verify: (JournalVerifier) throws(JournalError) -> VerificationReport?
    ) throws(JournalError) -> Sharded<VerificationReport>? {
        do {
            return try verify(JournalVerifier(source: store.openVerifier(shard: shard))).map {
                Sharded(shard: shard, $0)
            }
        } catch {
            guard error.code == .corrupt else { throw error }
            return Self.damaged(error.message, shard: shard)
        }
    }
}
