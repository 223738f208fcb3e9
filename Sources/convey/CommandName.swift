import ArgumentParser
import ConveySettings

/// Detects mistyped commands, which ArgumentParser reports as unexpected arguments.
enum CommandName {
    /// - Throws: `ValidationError` with the nearest name if the arguments begin with an unknown command.
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
