import ArgumentParser
import Testing

@testable import convey

@Suite("Help")
struct HelpTests {
    private static var commands: [any ParsableCommand.Type] {
        let roots = Convey.configuration.groupedSubcommands.flatMap { $0.subcommands }
        return roots + roots.flatMap { $0.configuration.subcommands }
    }

    private static func help(_ command: any ParsableCommand.Type) -> String {
        HelpText.arranged(command.helpMessage(columns: 100))
    }

    @Test("Each command's own options come first, then the shared ones")
    func order() {
        for command in Self.commands {
            let titles = Self.help(command).split(separator: "\n").filter { $0.hasSuffix(":") && $0 == $0.uppercased() }
            let index = titles.firstIndex(of: "OPTIONS:")
            #expect(index == titles.firstIndex { $0 != "ARGUMENTS:" }, "\(command._commandName): \(titles)")
        }
    }

    @Test("The help of a client command names the broker, not each flag for login and TLS; --help-hidden has them all")
    func folded() {
        for command in [SendCommand.self, TailCommand.self, TimelineCommand.self, AbortCommand.self]
            as [any ParsableCommand.Type]
        {
            let short = Self.help(command)
            #expect(short.contains("--broker <url>") && !short.contains("--broker-password"), "\(command._commandName)")
            #expect(short.split(separator: "\n").count <= 50, "\(command._commandName)")
            #expect(command.helpMessage(includeHidden: true).contains("--broker-password-file"))
        }
        #expect(Self.help(ServeCommand.self).contains("--broker-password-file"))
    }

    @Test("Every command that prints data or an outcome takes -o table and -o json, and --json")
    func outputs() {
        for command in [
            SendCommand.self, AbortCommand.self, CancelCommand.self, ApproveCommand.self, DenyCommand.self,
            ConfigureCommand.self, TailCommand.self, TimelineCommand.self, ContextCommand.self, EventsCommand.self,
            StateCommand.self,
            TraceCommand.self, ConversationsCommand.self, EffectsCommand.self, HealthCommand.self, VerifyCommand.self,
            DeadLettersCommand.List.self, DeadLettersCommand.Show.self, DeadLettersCommand.Redrive.self,
            DeadLettersCommand.Discard.self, ForkCommand.self, ProjectCommand.self, TokenCommand.self,
            SettingsCommand.self, VersionCommand.self,
        ] as [any ParsableCommand.Type] {
            let help = Self.help(command)
            #expect(help.contains("-o, --output <output>") && help.contains("--json"), "\(command._commandName)")
        }
    }

    @Test(
        "A mistyped command is reported with the nearest one",
        arguments: [
            (["tial"], "convey has no command \"tial\"; did you mean tail?"),
            (["help", "sned"], "convey has no command \"sned\"; did you mean send?"),
            (["deadletters", "lst"], "convey deadletters has no command \"lst\"; did you mean list?"),
            (["xyzzyxyzzy"], "convey has no command \"xyzzyxyzzy\""),
        ])
    func mistyped(arguments: [String], message: String) {
        let error = #expect(throws: ValidationError.self) { try CommandName.check(arguments) }
        #expect(error?.message == message)
    }

    @Test(
        "Anything else is left to ArgumentParser",
        arguments: [
            [], ["--help"], ["send", "tial", "x"], ["deadletters", "--limit", "3"], ["help"], ["help", "tail"],
        ])
    func others(arguments: [String]) throws {
        try CommandName.check(arguments)
    }

    @Test(
        "A wrong conversation, offset or flag is refused with the reason",
        arguments: [
            (["send", "", "hi"], "a conversation's name is not empty"),
            (["send", "a\u{1b}b", "hi"], "a conversation's name has no control characters"),
            (["tail", String(repeating: "x", count: 257)], "has at most 256 bytes; this one has 257"),
            (["deadletters", "redrive", "5", "--broker", "mqtt://b"], "not read through the broker; give --http"),
            (["deadletters", "list", "--reason", "nonsense"], "--reason must be one of cause_timeout, parked_limit"),
        ])
    func reasons(arguments: [String], words: String) {
        let error = #expect(throws: (any Error).self) { try Convey.parseAsRoot(arguments) }
        #expect(
            error.map { Convey.message(for: $0).contains(words) } == true,
            "\(error.map { Convey.message(for: $0) } ?? "")")
    }

    @Test("A negative number reaches the check that says which numbers are right")
    func negative() throws {
        #expect(try (Convey.parseAsRoot(["state", "c", "--as-of", "-1"]) as? StateCommand)?.asOf == -1)
        #expect(try (Convey.parseAsRoot(["events", "c", "--after", "-1"]) as? EventsCommand)?.after == -1)
    }

    @Test("An empty message is refused before anything is sent", arguments: ["", "  ", "\n\t"])
    func emptyMessage(text: String) {
        let error = #expect(throws: (any Error).self) { try SendCommand.parse(["chat", text]) }
        #expect(error.map { SendCommand.message(for: $0).hasPrefix("the message is empty") } == true)
    }
}
