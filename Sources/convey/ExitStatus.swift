import ArgumentParser
import Conversation
import ConveyClient
import Dialogue

/// The exit statuses for ArgumentParser. `CommandStatus` explains each.
enum ExitStatus {
    static let failed = ExitCode(CommandStatus.failed)
    static let timeout = ExitCode(CommandStatus.timeout)
    static let usage = ExitCode(CommandStatus.usage)
    static let noInput = ExitCode(CommandStatus.noInput)
    static let unavailable = ExitCode(CommandStatus.unavailable)
    static let stuck = ExitCode(CommandStatus.stuck)
    static let badSettings = ExitCode(CommandStatus.badSettings)

    /// The status of a command whose query has no answer.
    static func of(_ error: ConveyClientError) -> ExitCode {
        switch error.refusal.flatMap(QueryError.Code.init(rawValue:)) {
        case .notFound: noInput
        case .parameterInvalid, .parameterUnknown, .parameterMissing, .viewUnknown: usage
        case .corrupt: failed
        case .busy, .timeout, .unavailable, nil: unavailable
        }
    }
}
