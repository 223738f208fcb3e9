import ArgumentParser
import ConveySettings
import Foundation
import HTTPServing
import Terminal

/// Reads settings for a command, or reports all problems and exits with 78.
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

    /// The HTTP address of the running service.
    /// - Parameter instead: the alternative if HTTP is off, for the message.
    static func serviceAddress(configFile: String?, instead: String = "") throws -> HTTPAddress {
        let sources = sources([], configFile: configFile)
        let address = try orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let address = resolver.value(Settings.httpAddress)
            try resolver.throwProblems()
            return address
        }
        guard let address else {
            StandardError.print("http.address is off: there is no service to ask\(instead)")
            throw ExitStatus.badSettings
        }
        return address
    }

    /// Whether the service in the settings uses TLS.
    static func speaksTLS(configFile: String?) throws -> Bool {
        let sources = sources([], configFile: configFile)
        return try orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let path = resolver.value(Settings.httpTLSCertificateFile)
            try resolver.throwProblems()
            return path != nil
        }
    }
}
