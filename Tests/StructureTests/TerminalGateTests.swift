import Testing

@Suite("The gate to the terminal")
struct TerminalGateTests {
    /// Programs for developers only; they print directly.
    private static let tools: Set = ["conformance", "simulate"]
    /// Descriptors of child processes, and a check whether the log is writable.
    private static let exceptions: Set = [
        "Sources/ProcessKit/ChildProgram.swift", "Sources/convey/Commands/StopGuard.swift",
    ]

    @Test("Only the module Terminal writes to standard output and standard error, so that nothing gets around its gate")
    func onlyTerminalPrints() throws {
        let writes = [
            #/(?:^|[^\w.])(?:print|debugPrint|dump|puts|putchar|printf|vprintf)\(/#,
            #/STD(?:OUT|ERR)_FILENO|FileHandle\.standard(?:Output|Error)|/dev/(?:tty|stdout|stderr)/#,
            #/(?:^|[^\w.])(?:fputs|fputc|fwrite|fprintf|vfprintf)\(|[\s(](?:stdout|stderr)[,)]/#,
            #/StreamLogHandler|StandardOutputStream/#,
        ]
        for module in try SourceTree.modules() where module != "Terminal" && !Self.tools.contains(module) {
            for file in try SourceTree.files(under: "Sources/\(module)") where !Self.exceptions.contains(file.path) {
                for (number, line) in file.lines.enumerated() where !line.drop(while: { $0 == " " }).hasPrefix("//") {
                    #expect(
                        !writes.contains { line.contains($0) },
                        "\(file.path):\(number + 1) writes past the gate: use StandardOutput or StandardError")
                }
            }
        }
    }
}
