import ArgumentParser
import ConveySettings

/// Looks for mistyped commands, which ArgumentParser calls unexpected arguments.
enum CommandName {
    /// - Throws: `ValidationError` with the nearest name when the arguments begin with a command that does not exist.
    static func check(_ arguments: [String]) throws {
        var known = Convey.configuration
        var path = "convey"
        for argument in arguments {
            let commands = known.subcommands + known.groupedSubcommands.flatMap(\.subcommands)
            guard !commands.isEmpty, !argument.hasPrefix("-") else { return }
            if argument == "help" { continue }
            guard let command = commands.first(where: { $0._commandName == argument }) else {
                let hint = NearestName.hint(for: argument, among: commands.map { $0._commandName })
                throw ValidationError("\(path) has no command \"\(argument)\"\(hint)")
            }
            known = command.configuration
            path += " \(argument)"
        }
    }
}
