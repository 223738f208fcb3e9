import ArgumentParser

/// The exit codes, from sysexits.h where there is one.
enum ExitStatus {
    /// The answer failed or was aborted, or the signal was rejected.
    static let failed = ExitCode(1)
    /// No answer arrived in time.
    static let timeout = ExitCode(3)
    /// `EX_NOINPUT`: the named object does not exist.
    static let noInput = ExitCode(66)
    /// `EX_UNAVAILABLE`: the broker or a port cannot be used.
    static let unavailable = ExitCode(69)
    /// `EX_SOFTWARE`: a stop was not finished in time, because a thread hung.
    static let stuck = ExitCode(70)
    /// `EX_CONFIG`: a setting is wrong.
    static let badSettings = ExitCode(78)
}
