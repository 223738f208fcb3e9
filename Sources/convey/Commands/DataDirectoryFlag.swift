import ArgumentParser
import ConveySettings
import Foundation

/// The data directory, for commands that read the journal without the service.
struct DataDirectoryFlag: ParsableArguments {
    @Option(name: Settings.dataDirectory.name, help: Settings.dataDirectory.argumentHelp)
    var data: String?

    /// The directory; exits with 78 when the setting is wrong.
    func directory(configFile: String?) throws -> String { try settings(configFile).directory }

    /// Where the journal is: the directory, or the URL of a PostgreSQL database. Exits with 78 when a setting is wrong.
    func journal(configFile: String?) throws -> String {
        let (directory, url) = try settings(configFile)
        // A place that is named here counts before a setting.
        return data == nil ? url ?? directory : directory
    }

    private func settings(_ configFile: String?) throws -> (directory: String, url: String?) {
        let given = data.map { [Settings.dataDirectory.key: $0] } ?? [:]
        let sources = SettingSources(
            flags: given, configFile: configFile, environment: ProcessInfo.processInfo.environment)
        return try SettingsOutcome.orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let directory = resolver.value(Settings.dataDirectory)
            let url = resolver.value(Settings.journalURL) ?? nil
            try resolver.throwProblems()
            return (directory, url)
        }
    }
}
