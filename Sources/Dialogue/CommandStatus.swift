/// The exit statuses of commands, from sysexits.h if it has one.
package enum CommandStatus {
    /// The answer failed or was aborted, or the signal was rejected.
    package static let failed: Int32 = 1
    /// Nothing arrived in time.
    package static let timeout: Int32 = 3
    /// `EX_USAGE`: the command line is wrong.
    package static let usage: Int32 = 64
    /// `EX_NOINPUT`: the named object does not exist.
    package static let noInput: Int32 = 66
    /// `EX_UNAVAILABLE`: the broker, the service or a port cannot be used.
    package static let unavailable: Int32 = 69
    /// `EX_SOFTWARE`: a stop did not finish in time, because a thread hung.
    package static let stuck: Int32 = 70
    /// `EX_CONFIG`: a setting is wrong.
    package static let badSettings: Int32 = 78
    /// Ended by Ctrl-C: 128 and the number of SIGINT.
    package static let interrupted: Int32 = 130
}
