/// What went wrong with PostgreSQL or the connection to it.
package struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The URL says something that cannot be.
        case url
        /// No server of the URL could be reached, or none takes connections of this kind now.
        case unreachable
        /// The server refused the login or knows no such database.
        case refused
        /// No answer came in time. Whether the server did what it was asked to do is not known.
        case timedOut
        /// The connection broke. Whether the server did what it was asked to do is not known.
        case lost
        /// The server answered with an error; its SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html).
        case server(String)
        /// The server warned where a warning means that a commit may not be durable.
        case warned
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The SQLSTATE of a server's answer.
    package var state: String? {
        if case .server(let state) = code { return state }
        return nil
    }

    package var description: String { message }
}
