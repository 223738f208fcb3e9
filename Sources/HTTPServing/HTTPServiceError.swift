/// Why the HTTP service cannot start or has stopped.
package struct HTTPServiceError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// Another process listens on the port.
        case addressInUse
        /// The host is not an IP address of this machine.
        case addressInvalid
        /// The process may not bind the port, which is below 1024.
        case permissionDenied
        /// Other machines could reach the service without a token.
        case unprotected
        /// The listener stopped working.
        case failed
    }

    package let code: Code
    /// What happened, where, and how to fix it.
    package let message: String

    package var description: String { message }
}
