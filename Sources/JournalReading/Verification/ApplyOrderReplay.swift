import JournalPort
import Signals

/// Counts the signals applied in each partition.
struct ApplyOrderReplay {
    private var newest: [Int64]
    /// Whether all applied signals of the partitions are seen, so that none may be missing.
    private let seesAll: Bool
    /// The number of applied signals that may be missing because their records were deleted.
    private var unseen: Int64 = 0

    init(partitionCount: Int, seesAll: Bool) {
        newest = Array(repeating: 0, count: partitionCount)
        self.seesAll = seesAll
    }

    /// Skips deleted records.
    mutating func skip(_ count: Int) { unseen += Int64(count) }

    /// Checks the next apply order of a partition.
    /// - Returns: the problem with the order; nil if there is none.
    mutating func take(_ order: Int64, in partition: Int) -> String? {
        let missing = order - newest[partition] - 1
        guard missing >= 0, !seesAll || missing <= unseen else {
            return "its apply order is \(order) in partition \(partition), after \(newest[partition])"
        }
        if seesAll { unseen -= missing }
        newest[partition] = order
        return nil
    }

    /// Compares with the orders saved at a checkpoint, once all applied signals up to there have been seen.
    func compare(with point: RecoveryPoint) throws(VerificationStop) {
        for (partition, order) in newest.enumerated()
        where order > 0 && !(0...unseen).contains(point.applyOrders[partition] - order) {
            throw .difference(
                JournalDifference(
                    .applyOrder,
                    "partition \(partition) is saved with apply order \(point.applyOrders[partition]) at position "
                        + "\(point.checkpoint), but replay gives \(order) there"))
        }
    }
}
