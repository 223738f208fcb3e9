import ArgumentParser
import ConveySettings
import Foundation
import Terminal

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
        groupedSubcommands: [
            CommandGroup(
                name: "Conversation",
                subcommands: [
                    SendCommand.self, ChatCommand.self, AbortCommand.self, CancelCommand.self, ApproveCommand.self,
                    DenyCommand.self, RetryCommand.self, ConfigureCommand.self,
                ]),
            CommandGroup(
                name: "Inspection",
                subcommands: [
                    TailCommand.self, TimelineCommand.self, ContextCommand.self, EventsCommand.self, StateCommand.self,
                    TraceCommand.self, ConversationsCommand.self, EffectsCommand.self,
                ]),
            CommandGroup(
                name: "Operation",
                subcommands: [
                    ServeCommand.self, HealthCommand.self, ClusterCommand.self, VerifyCommand.self, MigrateCommand.self,
                    DeadLettersCommand.self, ForkCommand.self, ProjectCommand.self, TokenCommand.self,
                    SettingsCommand.self,
                    VersionCommand.self,
                ]),
        ])

    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        // Before anything takes time: a signal that comes meanwhile must not end a service.
        if arguments.first == ServeCommand._commandName { SignalWatch.ignoreWhatEndsServices() }
        do {
            try CommandName.check(arguments)
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Prints what the error says and ends the process with its status. ArgumentParser would print arguments as they are.
    private static func end(with error: any Error) -> Never {
        let status = exitCode(for: error)
        let text = fullMessage(for: error)
        if !text.isEmpty {
            status.isSuccess ? StandardOutput.print(HelpText.arranged(text)) : StandardError.print(text)
        }
        Foundation.exit(status.rawValue)
    }
}
