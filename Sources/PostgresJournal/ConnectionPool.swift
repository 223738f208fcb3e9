import JournalPort
import PostgreSQL
import Threads

/// Connections for reading, shared by all threads: a server has few, and each reader needs one for a moment only.
final class ConnectionPool: Sendable {
    private struct State {
        var idle: [Connection] = []
        /// Connections that are lent, or being made.
        var used = 0
    }

    private let url: DatabaseURL
    private let application: String
    private let limit: Int
    private let state = Monitor(State())

    /// How long a reader waits for a connection while all are in use.
    private static let patienceMicroseconds: Int64 = 5_000_000

    /// - Parameter limit: of connections at a time.
    init(_ url: DatabaseURL, application: String, limit: Int) {
        self.url = url
        self.application = application
        self.limit = limit
    }

    /// Lends a connection. To be given back with `giveBack`.
    /// - Returns: the connection, and whether it was used before: then it may have broken since.
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

    /// Takes a connection back; one that is closed is dropped.
    func giveBack(_ connection: Connection) {
        state.change { state in
            state.used -= 1
            if connection.isOpen { state.idle.append(connection) }
        }
    }
}
