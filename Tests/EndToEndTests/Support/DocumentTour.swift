import Foundation
import Glibc
import TestSupport
import Testing

/// Does what a document says, block by block, in a copy of the repository that has nothing but links: every `sh` block is a
/// terminal of its own. Convey and its broker take free ports, so the document is tried with other ports than the usual ones.
final class DocumentTour {
    /// A command that goes on, in a terminal of its own.
    private struct Lasting {
        let process: ChildProcess
        let output: URL
    }

    private let path: String
    private let directory: URL
    private let httpPort: Int
    private let modelPort: Int
    private var environment: [String: String]
    private var terminals: [Lasting] = []
    /// Commands that the document puts at the beginning of every other terminal.
    private var beginning = ""
    private var count = 0

    /// - Parameter path: of the document, in the repository.
    init(_ path: String) throws {
        self.path = path
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("convey-tour-\(UUID().uuidString)")
        httpPort = try freePort()
        modelPort = try freePort()
        environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONVEY_") }
        // What `make run` builds with; the program is there already.
        environment["SWIFT"] = "true"
        environment["BROKER_PORT"] = "\(try freePort())"
        environment["HTTP_PORT"] = "\(httpPort)"
        try layOut()
    }

    deinit {
        for terminal in terminals.reversed() {
            kill(-terminal.process.processID, SIGTERM)
            // A process that does not end is killed with the object.
            try? waitUntil("a terminal ends", seconds: 10) { terminal.process.ended != nil }
            kill(-terminal.process.processID, SIGKILL)
        }
        try? FileManager.default.removeItem(at: directory)  // Only litter would be left behind.
    }

    /// Starts Convey as a reader of another document has already done.
    func startConvey() async throws {
        try await run(DocumentBlock(language: "sh", lines: ["make run FLAGS=\"--llm-echo-delay 1ms\""], line: 0))
        beginning = ". data/terminal.sh\n"
    }

    func run() async throws {
        for block in try DocumentBlock.read(path) { try await run(block) }
    }

    private func run(_ block: DocumentBlock) async throws {
        let place: Comment = "\(path):\(block.line)"
        switch block.language {
        case "sh" where block.text.contains("git clone"): return
        case "sh" where block.text.contains(". data/terminal.sh"):
            beginning = ". data/terminal.sh\n"
            fallthrough
        case "sh":
            let text = block.text.replacing("8010", with: "\(modelPort)")
            if Self.lasts(text) { return try await start(text) }
            let (status, output) = try await finish(text)
            #expect(status == .exited(0), "\(place): \(output)")
        case "console":
            for (command, shown) in block.commands {
                let (status, output) = try await finish(command + " 2>&1")
                #expect(status == .exited(0), "\(place): \(command): \(output)")
                let missing = try OutputShape.firstMissing(shown, in: output.components(separatedBy: "\n"))
                #expect(missing == nil, "\(place): \(command) printed:\n\(output)")
            }
        case "tail":
            let terminal = try #require(terminals.last, place)
            var missing: String?
            try? await eventually("\(place)") {
                missing = try OutputShape.firstMissing(
                    block.lines, in: text(terminal.output).components(separatedBy: "\n"))
                return missing == nil
            }
            #expect(missing == nil, "\(place): the terminal shows:\n\(text(terminal.output))")
        case "yaml":
            try block.text.replacing("8010", with: "\(modelPort)")
                .write(to: directory.appendingPathComponent("convey.yaml"), atomically: true, encoding: .utf8)
        default: return
        }
    }

    /// Whether a block's last command goes on until it is stopped.
    private static func lasts(_ text: String) -> Bool {
        ["make run", "convey tail", "mosquitto_sub ", "llmock serve", "tool_worker.py", "/stream?"].contains {
            text.contains($0)
        }
    }

    private func start(_ text: String) async throws {
        let (process, output) = try shell(text.hasPrefix("make run") ? text : beginning + text)
        let terminal = Lasting(process: process, output: output)
        terminals.append(terminal)
        try await eventually("\(text) is up: \(self.text(output).suffix(1_000))", seconds: 60) {
            if process.ended != nil { throw TestSupportError("\(text) ended: \(self.text(output))") }
            if text.contains("make run") { return httpGet("/readyz", port: httpPort)?.status == 200 }
            if text.contains("llmock") { return httpGet("/_llmock/scenario", port: modelPort)?.status == 200 }
            if text.contains("mosquitto_sub") { return self.text(output).contains("SUBACK") }
            return !self.text(output).isEmpty
        }
    }

    private func finish(_ text: String) async throws -> (ProcessEnd?, String) {
        let (process, output) = try shell(beginning + text)
        try await eventually("\(text) ends: \(self.text(output))", seconds: 60) { process.ended != nil }
        return (process.ended, self.text(output))
    }

    /// A shell in a process group of its own, with what it starts.
    private func shell(_ text: String) throws -> (ChildProcess, URL) {
        count += 1
        let output = directory.appendingPathComponent("terminal-\(count).out")
        let script = "cd '\(directory.path)' && exec 2>&1\n\(text)"
        return (
            try ChildProcess(
                "/usr/bin/setsid", ["bash", "-c", script], environment: environment, output: output.path), output
        )
    }

    private func text(_ file: URL) -> String {
        String(decoding: FileManager.default.contents(atPath: file.path) ?? Data(), as: UTF8.self)
    }

    /// Links to what the documents name, and programs in the place of those that would ask a package registry.
    private func layOut() throws {
        let files = FileManager.default
        let repository = PythonEnvironment.repository
        for folder in [".build/release", "bin", ".venv/bin"] {
            try files.createDirectory(
                at: directory.appendingPathComponent(folder), withIntermediateDirectories: true)
        }
        for name in ["Makefile", "scripts", "examples", "broker"] {
            try files.createSymbolicLink(
                at: directory.appendingPathComponent(name), withDestinationURL: repository.appendingPathComponent(name))
        }
        try files.createSymbolicLink(
            at: directory.appendingPathComponent(".build/release/convey"),
            withDestinationURL: URL(fileURLWithPath: try ConveyProcess.binary()))
        let python = try PythonEnvironment.python()
        try program(".venv/bin/python", "exec '\(python)' \"$@\"")
        try program(".venv/bin/llmock", "exec '\(python)' -c 'from llmock.cli import app; app()' \"$@\"")
        try program(".venv/bin/pip", "exit 0")
        try program("bin/python3", "exit 0")
        // Says when it has subscribed.
        let search = environment["PATH"] ?? "/usr/bin:/bin"
        try program("bin/mosquitto_sub", "PATH='\(search)' exec stdbuf -oL mosquitto_sub -d \"$@\"")
        environment["PATH"] = directory.appendingPathComponent("bin").path + ":" + search
    }

    private func program(_ name: String, _ command: String) throws {
        let file = directory.appendingPathComponent(name)
        try "#!/bin/sh\n\(command)\n".write(to: file, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
}
