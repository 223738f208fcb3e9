/// The share of the measured time that each thread was on a processor: the thread nearest to 1 limits the rest.
struct BusyShares {
    /// By thread name; for several threads of one name, the busiest.
    var threads: [String: Double] = [:]

    static let broker = "mosquitto"

    init(from first: CPUReading, to last: CPUReading) {
        let elapsed = Double(max(1, last.at - first.at))
        add(last.convey, first.convey, elapsed) { $0.hasPrefix("convey-") ? $0 : nil }
        add(last.brokerThreads, first.brokerThreads, elapsed) { _ in Self.broker }
    }

    private mutating func add(
        _ last: [Int: (name: String, time: Int64)], _ first: [Int: (name: String, time: Int64)], _ elapsed: Double,
        name: (String) -> String?
    ) {
        for (thread, reading) in last {
            guard let name = name(reading.name) else { continue }
            let share = Double(reading.time - (first[thread]?.time ?? 0)) / elapsed
            threads[name] = max(threads[name] ?? 0, share)
        }
    }

    /// Adds `busy_convey_engine` and the like, one number per thread.
    static func add(_ shares: [BusyShares], to report: inout ScenarioReport) {
        for name in Set(shares.flatMap { $0.threads.keys }).sorted() {
            report.add(key(name), shares.map { $0.threads[name] ?? 0 })
        }
    }

    static func key(_ thread: String) -> String { "busy_" + thread.map { $0 == "-" ? "_" : String($0) }.joined() }
}
