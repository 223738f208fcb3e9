import ArgumentParser
import Signals
import Terminal

/// `convey version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @OptionGroup
    var output: OutputFlags

    func run() {
        guard output.isJSON else { return StandardOutput.print("convey \(Convey.version)") }
        var object = JSONObjectBuilder()
        object.add("version", Convey.version)
        StandardOutput.print(json: object.finish())
    }
}
