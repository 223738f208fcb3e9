import Foundation
import TestSupport
import Testing

@Suite("Packaging")
struct PackagingTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "convey-packaging-\(UUID().uuidString)")

    @Test(
        "make install-service keeps a configuration; it installs program, unit, completions and a man page of every command",
        .timeLimit(.minutes(2)))
    func installService() throws {
        defer { try? FileManager.default.removeItem(at: directory) }  // Only litter would be left behind.
        let settings = directory.appendingPathComponent("etc/convey/convey.yaml")
        try FileManager.default.createDirectory(
            at: settings.deletingLastPathComponent(), withIntermediateDirectories: true)
        try "# mine\n".write(to: settings, atomically: true, encoding: .utf8)
        let output = try run(
            "scripts/install-service.sh", [ConveyProcess.binary()], environment: ["DESTDIR": directory.path])
        #expect(output.end == .exited(0), "\(output.text)")
        #expect(try String(contentsOf: settings, encoding: .utf8) == "# mine\n")
        let unit = try String(
            contentsOf: directory.appendingPathComponent("etc/systemd/system/convey.service"), encoding: .utf8)
        #expect(unit.contains("\nExecStart=/usr/local/bin/convey serve --config /etc/convey/convey.yaml\n"))
        let program = directory.appendingPathComponent("usr/local/bin/convey").path
        #expect(FileManager.default.isExecutableFile(atPath: program))
        try expectManual(in: directory.appendingPathComponent("usr/local/share"))
    }

    private func expectManual(in share: URL) throws {
        let pages = try FileManager.default.contentsOfDirectory(atPath: share.appendingPathComponent("man/man1").path)
        for page in ["convey", "convey-serve", "convey-send", "convey-chat", "convey-deadletters-redrive"] {
            #expect(pages.contains("\(page).1.gz"))
        }
        // As many as the help lists, those of deadletters, and the first page.
        let help = try run(ConveyProcess.binary(), ["help"]).text
        let listed = help.matches(of: /(?m)^  ([a-z]+) {2,}/).map { String($0.1) }
        #expect(listed.count > 20)
        #expect(listed.allSatisfy { pages.contains("convey-\($0).1.gz") }, "\(listed)")

        let page = try run("/bin/gzip", ["-dc", share.appendingPathComponent("man/man1/convey-send.1.gz").path])
        for part in [".TH \"CONVEY-SEND\" 1", ".SH SYNOPSIS", ".SH OPTIONS", "\\fB\\-\\-wait\\fR", ".SH EXIT STATUS"] {
            #expect(page.text.contains(part), "\(part) is not in:\n\(page.text)")
        }
        for (file, text) in [
            ("bash-completion/completions/convey", "complete"), ("zsh/vendor-completions/_convey", "#compdef convey"),
            ("fish/vendor_completions.d/convey.fish", "complete -c"),
        ] {
            let script = try String(contentsOf: share.appendingPathComponent(file), encoding: .utf8)
            #expect(script.contains(text) && script.contains("deadletters"), "\(file)")
        }
        let bash = share.appendingPathComponent("bash-completion/completions/convey").path
        #expect(try run("/bin/bash", ["-n", bash]).end == .exited(0))
    }

    @Test(
        "The package's configuration is one that the service takes, and puts the journal where the unit lets it write")
    func configuration() throws {
        let file = PythonEnvironment.repository.appendingPathComponent("packaging/convey.yaml").path
        let printed = try run(ConveyProcess.binary(), ["serve", "--config", file, "--print-config"])
        #expect(printed.end == .exited(0), "\(printed.text)")
        #expect(printed.text.contains("dir: /var/lib/convey  # \(file):"))
        let unit = try String(
            contentsOf: PythonEnvironment.repository.appendingPathComponent("packaging/convey.service"),
            encoding: .utf8)
        for line in [
            "Type=notify", "StateDirectory=convey", "ProtectSystem=strict", "User=convey", "NoNewPrivileges=true",
        ] {
            #expect(unit.contains("\n\(line)\n"), "\(line)")
        }
    }

    /// Runs a program; its path is one of the repository unless it is absolute.
    private func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (end: ProcessEnd?, text: String) {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: output) }  // Only litter would be left behind.
        let path =
            program.hasPrefix("/") ? program : PythonEnvironment.repository.appendingPathComponent(program).path
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONVEY_") }
        let log = output.path + ".log"
        defer { try? FileManager.default.removeItem(atPath: log) }  // Only litter would be left behind.
        let process = try ChildProcess(
            path, arguments, environment: inherited.merging(environment) { $1 }, output: output.path, log: log)
        try waitUntil("\(program) ends", seconds: 110) { process.ended != nil }
        let text = [output.path, log].compactMap { FileManager.default.contents(atPath: $0) }.reduce(Data(), +)
        return (process.ended, String(decoding: text, as: UTF8.self))
    }
}
