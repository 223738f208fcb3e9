import ArgumentParser
import Terminal

/// `convey version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        StandardOutput.print("convey \(Convey.version)")
    }
}
