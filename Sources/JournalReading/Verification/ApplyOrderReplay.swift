import JournalPort
import Signals

/// Counts the applications of each partition.
struct ApplyOrderReplay {
    private var newest: [Int64]
    /// Whether all applications of the partitions are seen, so that none may be missing.
    private let seesAll: Bool
    /// How many applications may be missing, because records were deleted.
    private var unseen: Int64 = 0

    init(partitionCount: Int, seesAll: Bool) {
        newest = Array(repeating: 0, count: partitionCount)
        self.seesAll = seesAll
    }

    /// Passes over records that were deleted.
    mutating func skip(_ count: Int) { unseen += Int64(count) }

    /// Takes the next application of a partition.
    /// - Returns: what is wrong with its order; nil where nothing is.
    mutating func take(_ order: Int64, in partition: Int) -> String? {
        let missing = order - newest[partition] - 1
        guard missing >= 0, !seesAll || missing <= unseen else {
            return "its apply order is \(order) in partition \(partition), behind \(newest[partition])"
        }
        if seesAll { unseen -= missing }
        newest[partition] = order
        return nil
    }

    /// Compares with the orders that are saved at a checkpoint, once all applications up to there have been taken.
    func compare(with point: RecoveryPoint) throws(VerificationStop) {
        for (partition, order) in newest.enumerated()
        where order > 0 && !(0...unseen).contains(point.applyOrders[partition] - order) {
            throw .difference(
                JournalDifference(
                    .applyOrder,
                    "partition \(partition) is saved with apply order \(point.applyOrders[partition]) at position "
                        + "\(point.checkpoint), but has come to \(order) there"))
        }
    }
}
