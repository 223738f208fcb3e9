import ArgumentParser
import Foundation

/// Reads settings for a command, or says everything that is wrong with them and exits with 78.
enum SettingsOutcome {
    static func sources(_ flags: [any SettingFlags], configFile: String?) -> SettingSources {
        let given = flags.map(\.given).reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        return SettingSources(flags: given, configFile: configFile, environment: ProcessInfo.processInfo.environment)
    }

    static func orExit<Value>(_ read: () throws(SettingProblems) -> Value) throws -> Value {
        do {
            return try read()
        } catch {
            StandardError.print(error.description)
            throw ExitStatus.badSettings
        }
    }
}
