import ArgumentParser
import Foundation

/// The command line: `convey COMMAND`.
@main
struct Convey: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "convey",
        abstract: "A durable conversation runtime on MQTT.",
        discussion: """
            Settings come from flags, then the environment (CONVEY_*), then a YAML file (--config).
            The first command to try, from a clone: make run
            """,
        version: version,
        subcommands: [
            ServeCommand.self, SendCommand.self, ChatCommand.self, TailCommand.self, TimelineCommand.self,
            ContextCommand.self, EventsCommand.self, StateCommand.self, TraceCommand.self, ConversationsCommand.self,
            EffectsCommand.self, HealthCommand.self, VerifyCommand.self, DeadLettersCommand.self, ForkCommand.self,
            ProjectCommand.self, TokenCommand.self,
            VersionCommand.self,
        ])

    static func main() async {
        // Before anything takes time: a signal that comes meanwhile must not end a service.
        if CommandLine.arguments.dropFirst().first == ServeCommand._commandName {
            SignalWatch.ignoreWhatEndsServices()
        }
        await main(nil)
    }
}

/// `convey version`
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() {
        print("convey \(Convey.version)")
    }
}

/// The exit codes, from sysexits.h where there is one.
enum ExitStatus {
    /// The answer failed or was aborted, or the signal was rejected.
    static let failed = ExitCode(1)
    /// Nothing was heard in time.
    static let timeout = ExitCode(3)
    /// `EX_NOINPUT`: what was named does not exist.
    static let noInput = ExitCode(66)
    /// `EX_UNAVAILABLE`: the broker or a port cannot be used.
    static let unavailable = ExitCode(69)
    /// `EX_SOFTWARE`: a stop was not finished in time, because a thread hung.
    static let stuck = ExitCode(70)
    /// `EX_CONFIG`: a setting is wrong.
    static let badSettings = ExitCode(78)
}

/// Writing to standard error, where everything goes that is not the command's answer.
enum StandardError {
    static func print(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
