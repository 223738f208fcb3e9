/// Counts of observations by size, with fixed upper bounds, as Prometheus requires. It owns no heap memory, so a copy
/// is a copy of bytes and an observation never allocates.
public struct Histogram: Sendable {
    /// The upper bounds of the buckets.
    public enum Scale: Sendable {
        /// 100 µs to 10 s: a commit takes one to a few milliseconds, a model's stream seconds.
        case seconds
        /// 1 to 5,000: the size of a batch.
        case items
        /// 50 ms to 10 min: the time that a model takes for an answer.
        case answers

        /// The inclusive upper bounds, smallest first. One more bucket counts values above the last.
        public var bounds: [Double] {
            switch self {
            case .seconds: Self.secondsBounds
            case .items: Self.itemsBounds
            case .answers: Self.answerBounds
            }
        }

        private static let secondsBounds: [Double] = [
            0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
        ]
        private static let itemsBounds: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000]
        private static let answerBounds: [Double] = [
            0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600,
        ]
    }

    public let scale: Scale
    /// The sum of everything observed.
    public private(set) var sum: Double = 0
    /// The number of observations.
    public private(set) var count: UInt64 = 0
    /// Observations per bucket, not cumulated. The number in use is that of the scale's bounds plus one.
    private var buckets = InlineArray<16, UInt64>(repeating: 0)

    public init(_ scale: Scale) {
        self.scale = scale
    }

    /// Counts one observation in the scale's unit: seconds or items. Ignores NaN.
    public mutating func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let bounds = scale.bounds
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        buckets[index] += 1
        count += 1
        sum += value
    }

    /// Counts one duration, in seconds.
    public mutating func observe(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Number of observations at or below each bound; the last, for infinity, equals `count`.
    public var cumulated: [UInt64] {
        var total: UInt64 = 0
        return (0...scale.bounds.count).map { index in
            total += buckets[index]
            return total
        }
    }

    /// Adds another histogram of the same scale to this one.
    public mutating func add(_ other: Histogram) {
        precondition(scale == other.scale, "histograms of different scales: \(scale), \(other.scale)")
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        count += other.count
        sum += other.sum
    }
}
