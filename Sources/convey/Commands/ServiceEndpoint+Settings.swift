import ConveySettings
import Foundation
import ServiceClient
import Terminal

extension ServiceEndpoint {
    /// The token that commands send, from the environment: a flag would show in the list of processes.
    static var token: String? { environment(EnvironmentSettings.httpTokenName) }

    /// The token as headers.
    static var credentials: [(name: String, value: String)] {
        token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
    }

    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The service that flags and settings specify.
    /// - Parameters:
    ///   - given: `--http`, if it was given.
    ///   - caFile: `--http-ca-file`, if it was given.
    ///   - instead: the alternative if HTTP is off, for the message.
    static func find(
        _ given: String?, caFile: String?, configFile: String?, instead: String = ""
    ) throws -> ServiceEndpoint {
        let caFile = caFile ?? environment(EnvironmentSettings.httpCAFileName)
        if let caFile, !FileManager.default.isReadableFile(atPath: caFile) {
            StandardError.print("--http-ca-file: \(caFile) cannot be read")
            throw ExitStatus.badSettings
        }
        let isEncrypted = try SettingsOutcome.speaksTLS(configFile: configFile)
        guard let given else {
            let address = try SettingsOutcome.serviceAddress(configFile: configFile, instead: instead)
            return ServiceEndpoint(address: address, isEncrypted: isEncrypted, caFile: caFile)
        }
        guard let endpoint = ServiceEndpoint(given, encrypted: isEncrypted, caFile: caFile) else {
            StandardError.print("--http: \"\(given)\" is not HOST:PORT, http://HOST:PORT or https://HOST:PORT")
            throw ExitStatus.badSettings
        }
        return endpoint
    }
}
