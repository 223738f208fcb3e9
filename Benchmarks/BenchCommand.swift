import ArgumentParser
import Foundation
import Glibc

/// `make bench`: loads a release build of Convey through a real broker and compares it with the broker alone.
@main
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures Convey against the bare broker.",
        discussion: """
            Each run starts a mosquitto and a convey of its own, on free ports of 127.0.0.1 and with directories that are \
            removed at the end, measures the bare hop (publisher, broker, subscriber) and then the same through Convey.

            Scenarios:
            \(Scenario.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))

            The table goes to standard output, one line of JSON a scenario behind it, progress to standard error.
            """)

    @Option(help: "The scenarios to run, by name, with commas between them.", transform: Scenario.parse)
    var only: [Scenario]?

    @Flag(help: "Short runs: under two minutes in all. Without the soak.")
    var quick = false

    @Option(help: "How often each measurement is taken.")
    var runs = 3

    @Option(help: ArgumentHelp("The binary to measure.", valueName: "file"))
    var convey = ".build/release/convey"

    @Option(help: ArgumentHelp("Where to make directories for journals and brokers.", valueName: "dir"))
    var directory = NSTemporaryDirectory()

    @Option(help: ArgumentHelp("A file to append the lines of JSON to.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("The lines of JSON of an earlier run, to compare with.", valueName: "file"))
    var baseline: String?

    @Option(help: ArgumentHelp("How long the soak lasts.", valueName: "minutes"))
    var soakMinutes = 10.0

    @Option(
        help: ArgumentHelp(
            """
            Processors that the broker and Convey share: a number, or all. The generator gets the others where there are any.
            """, valueName: "n|all"))
    var cores: Cores?

    @Option(help: "Shards of Convey's journals.")
    var shards: Int?

    @Argument(parsing: .postTerminator, help: "Behind --, further flags for `convey serve`.")
    var conveyFlags: [String] = []

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1") }
        guard shards.map({ $0 > 0 }) ?? true else { throw ValidationError("--shards must be at least 1") }
        guard FileManager.default.isExecutableFile(atPath: convey) else {
            throw ValidationError("\(convey) is no program: build it with `make build`, or name it with --convey")
        }
    }

    func run() throws {
        Interruption.install()
        Clock.makeTimersExact()
        var surroundings = Surroundings(
            program: .init(path: convey, flags: conveyFlags, shards: shards ?? 1), directory: directory, isQuick: quick,
            runs: runs, soakMinutes: soakMinutes, allowed: try ProcessorSet.allowed(), cores: cores, shards: shards)
        if let cores { surroundings = try surroundings.confined(to: cores) }
        if Workplace.isInMemory(directory) {
            surroundings.say("\(directory) is in memory: syncs cost nothing there; choose a disk with --directory")
        }
        // Read first: an error found after a long run is found too late.
        let baseline = try baseline.map { try Baseline(file: $0) }
        let start = Clock.now
        let (reports, failures) = try measure(
            only ?? Scenario.allCases.filter { !quick || $0.isInQuickRun }, surroundings)
        print("\(Machine.description)\n\n\(Table.text(reports.map(\.report)))\n")
        for report in reports { print(report.line) }
        if let baseline { print("\n" + Baseline.text(baseline.changes(in: reports.map(\.report)))) }
        // Results are printed before messages, also if both go to one file.
        fflush(nil)
        surroundings.say("bench: \(Int(Double(Clock.now - start) / 1e9)) s")
        for failure in failures { surroundings.say("bench: FAILED: \(failure)") }
        if Interruption.signal != 0 { throw ExitCode(128 + Interruption.signal) }
        if !failures.isEmpty { throw ExitCode(1) }
    }

    /// Runs one scenario after another. A failing scenario does not discard the others' results.
    private func measure(
        _ scenarios: [Scenario], _ surroundings: Surroundings
    ) throws -> (reports: [(report: ScenarioReport, line: String)], failures: [String]) {
        let startedAt = Date().formatted(.iso8601)
        var reports: [(report: ScenarioReport, line: String)] = []
        var failures: [String] = []
        for scenario in scenarios where Interruption.signal == 0 {
            do {
                for report in try scenario.run(surroundings) {
                    let line = JSONLine.text(report, mode: quick ? "quick" : "full", startedAt: startedAt)
                    reports.append((report, line))
                    if let json { try append(line, to: json) }
                }
            } catch {
                failures.append("\(scenario.rawValue): \(error)")
            }
        }
        return (reports, failures)
    }

    private func append(_ line: String, to path: String) throws {
        guard let file = fopen(path, "a") else { throw BenchError.system("cannot write \(path)") }
        defer { fclose(file) }
        guard fputs(line + "\n", file) >= 0 else { throw BenchError.system("cannot write \(path)") }
    }
}
