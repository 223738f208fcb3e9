import ArgumentParser

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
