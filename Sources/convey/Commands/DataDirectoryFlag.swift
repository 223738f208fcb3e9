import ArgumentParser
import ConveySettings
import Foundation

/// The data directory, for commands that read the journal without the service.
struct DataDirectoryFlag: ParsableArguments {
    @Option(name: Settings.dataDirectory.name, help: Settings.dataDirectory.argumentHelp)
    var data: String?

    /// The directory; exits with 78 if the setting is invalid.
    func directory(configFile: String?) throws -> String {
        let given = data.map { [Settings.dataDirectory.key: $0] } ?? [:]
        let sources = SettingSources(
            flags: given, configFile: configFile, environment: ProcessInfo.processInfo.environment)
        return try SettingsOutcome.orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let directory = resolver.value(Settings.dataDirectory)
            try resolver.throwProblems()
            return directory
        }
    }
}
