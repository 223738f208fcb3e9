/// The results of several runs of one measurement.
struct Spread: Equatable {
    var median: Double
    var least: Double
    var most: Double

    /// - Parameter values: at least one.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        median = Statistics.percentile(0.5, ofSorted: sorted)
        least = sorted.first ?? 0
        most = sorted.last ?? 0
    }
}

enum Statistics {
    /// The value below which that share of `values` is, interpolated between neighbours; 0 for no values.
    static func percentile(_ share: Double, ofSorted values: [Double]) -> Double {
        guard let last = values.last else { return 0 }
        let place = share * Double(values.count - 1)
        let index = Int(place)
        guard index + 1 < values.count else { return last }
        return values[index] + (values[index + 1] - values[index]) * (place - Double(index))
    }

    /// The slope of the line with the least squared distances, in units of `y` for one of `x`; 0 for fewer than two points.
    static func slope(_ points: [(x: Double, y: Double)]) -> Double {
        guard points.count > 1 else { return 0 }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        let covariance = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
        let variance = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        return variance > 0 ? covariance / variance : 0
    }
}
