import JournalPort
import PostgreSQL
import Threads

/// Connections for reading, shared by all threads. A server has few connections, and each reader needs one only briefly.
final class ConnectionPool: Sendable {
    private struct State {
        var idle: [Connection] = []
        /// The number of connections that are in use or being opened.
        var used = 0
    }

    private let url: DatabaseURL
    private let application: String
    private let limit: Int
    private let state = Monitor(State())

    /// Maximum wait of a reader while all connections are in use.
    private static let patienceMicroseconds: Int64 = 5_000_000

    /// - Parameter limit: maximum connections at a time.
    init(_ url: DatabaseURL, application: String, limit: Int) {
        self.url = url
        self.application = application
        self.limit = limit
    }

    /// Takes a connection out of the pool. Return it with `giveBack`.
    /// - Returns: the connection, and whether it was used before. A used connection may have broken since.
    func take() throws(JournalError) -> (connection: Connection, isUsed: Bool) {
        let deadline = Clocks.monotonicMicroseconds() + Self.patienceMicroseconds
        let taken = state.wait(until: deadline) { [limit] state -> Connection?? in
            if let idle = state.idle.popLast() {
                state.used += 1
                return .some(idle)
            }
            guard state.used < limit else { return nil }
            state.used += 1
            return .some(nil)
        }
        guard let taken else {
            throw JournalError(.busy, "all \(limit) connections for reading have been in use for 5 s; try again")
        }
        if let taken { return (taken, true) }
        do {
            return (try Connection.open(url, application: application), false)
        } catch {
            state.change { $0.used -= 1 }
            throw JournalError(error)
        }
    }

    /// Returns a connection to the pool. Drops it if it is closed.
    func giveBack(_ connection: Connection) {
        state.change { state in
            state.used -= 1
            if connection.isOpen { state.idle.append(connection) }
        }
    }
}
