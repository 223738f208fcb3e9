import ArgumentParser
import Foundation
import Glibc

/// `make bench`: loads a release build of Convey through a real broker and tells how it compares with the broker alone.
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

    @Option(help: "How long the soak lasts.")
    var soakMinutes = 10.0

    @Argument(parsing: .postTerminator, help: "Behind --, further flags for `convey serve`.")
    var conveyFlags: [String] = []

    func validate() throws {
        guard runs > 0 else { throw ValidationError("--runs must be at least 1") }
        guard FileManager.default.isExecutableFile(atPath: convey) else {
            throw ValidationError("\(convey) is no program: build it with `make build`, or name it with --convey")
        }
    }

    func run() throws {
        Interruption.install()
        Clock.makeTimersExact()
        let surroundings = Surroundings(
            program: .init(path: convey, flags: conveyFlags), directory: directory, isQuick: quick, runs: runs,
            soakMinutes: soakMinutes)
        if Workplace.isInMemory(directory) {
            surroundings.say("\(directory) is in memory: syncs cost nothing there; choose a disk with --directory")
        }
        let scenarios = only ?? Scenario.allCases.filter { !quick || $0.isInQuickRun }
        do {
            let reports = try scenarios.flatMap { try $0.run(surroundings) }
            try publish(reports)
        } catch {
            FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
            throw ExitCode(Interruption.signal == 0 ? 1 : 128 + Interruption.signal)
        }
    }

    private func publish(_ reports: [ScenarioReport]) throws {
        print(Table.text(reports))
        let startedAt = Date().formatted(.iso8601)
        let lines = reports.map { JSONLine.text($0, mode: quick ? "quick" : "full", startedAt: startedAt) }
        print("\n" + lines.joined(separator: "\n"))
        guard let json else { return }
        let file = fopen(json, "a")
        guard let file else { throw BenchError.system("cannot write \(json)") }
        for line in lines { fputs(line + "\n", file) }
        fclose(file)
    }
}
