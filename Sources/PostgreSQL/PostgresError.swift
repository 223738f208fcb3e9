/// An error of PostgreSQL or of the connection to it.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The URL is invalid.
        case url
        /// No server of the URL is reachable, or none accepts connections of this kind now.
        case unreachable
        /// The server refused the login, or the database does not exist.
        case refused
        /// No answer arrived in time. The outcome of the statements is unknown.
        case timedOut
        /// The connection broke. The outcome of the statements is unknown.
        case lost
        /// The server answered with an error, given by its SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html).
        case server(String)
        /// The server sent a warning which means that a commit may not be durable.
        case warned
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The SQLSTATE of a server error.
    package var state: String? {
        if case .server(let state) = code { return state }
        return nil
    }

    package var description: String { message }
}
