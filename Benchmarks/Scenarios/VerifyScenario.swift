import Foundation

/// The speed and the memory of `convey verify`.
enum VerifyScenario {
    static let name = "verify"
    static let summary = "convey verify on a journal of half a million records in 10,000 conversations"

    private static let timeoutSeconds = 600.0

    /// The command's output with `--json`.
    private struct Result: Decodable {
        var ok: Bool
        var signals: Int
        var markers: Int
        var conversations: Int
        var seconds: Double
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try surroundings.withBroker { broker, workplace in
            let journal = try GrowingJournal(
                surroundings, broker: broker, directory: try workplace.directory("convey"), conversations: 10_000)
            try journal.grow(toRecords: surroundings.pick(500_000, quick: 50_000), signals: 0)
            let records = try journal.stop()
            let data = journal.convey.dataDirectory
            var results: [Result] = []
            var resident: [Double] = []
            for run in 0..<surroundings.runs {
                let (result, megabytes) = try verify(data, surroundings, log: "\(data)/verify-\(run).log")
                guard result.ok, result.signals + result.markers == records else {
                    throw BenchError("verify saw \(result.signals + result.markers) of \(records) records: \(result)")
                }
                results.append(result)
                resident.append(megabytes)
            }
            var report = ScenarioReport(name)
            report.add("signals_per_second", results.map { Double($0.signals) / $0.seconds }, .higher)
            report.add("records_per_second", results.map { Double($0.signals + $0.markers) / $0.seconds }, .higher)
            report.add("resident_mb", resident, .lower, must: 500, aim: 200)
            report.add("records", [Double(records)])
            return [report]
        }
    }

    /// - Returns: its result, and the highest memory seen, in megabytes.
    private static func verify(
        _ data: String, _ surroundings: Surroundings, log: String
    ) throws -> (result: Result, residentMegabytes: Double) {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONVEY_") }
        let process = try ChildProcess(
            surroundings.program.path, ["verify", "--data", data, "--json"], environment: environment, logFile: log)
        let deadline = Clock.now + Int64(timeoutSeconds * 1e9)
        var most = 0
        while process.exitStatus == nil {
            most = max(most, ProcessFiles.residentBytes(of: process.processID) ?? 0)
            try Interruption.check()
            guard Clock.now < deadline else { throw BenchError("verify has not ended within \(timeoutSeconds) s") }
            Clock.sleep(milliseconds: 5)
        }
        guard let result = try? JSONDecoder().decode(Result.self, from: Data(process.log.utf8)) else {
            throw BenchError("verify ended with status \(process.exitStatus ?? -1):\n\(process.log.suffix(2_000))")
        }
        return (result, Double(most) / 1e6)
    }
}
