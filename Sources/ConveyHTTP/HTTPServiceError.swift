/// Why the HTTP service does not run.
public struct HTTPServiceError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Something else listens on the port.
        case addressInUse
        /// The host is no IP address, or none of this machine.
        case addressInvalid
        /// The port is below 1024 and the process may not bind it.
        case permissionDenied
        /// Others could reach it, and nothing would ask who they are.
        case unprotected
        /// The listener stopped working.
        case failed
    }

    public let code: Code
    /// What happened, where, and what to do about it.
    public let message: String

    public var description: String { message }
}
