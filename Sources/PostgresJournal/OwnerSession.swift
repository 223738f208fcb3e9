import JournalPort
import PostgreSQL

/// Reads over the connection of the shard's owner.
final class OwnerSession: Session {
    /// Nil after a failure until this process takes the shard over again.
    var connection: Connection?

    func run(_ calls: [Call]) throws(JournalError) -> [Rows] {
        guard let connection else { throw JournalError(.inputOutput, "there is no connection to PostgreSQL") }
        do {
            return try connection.run(calls)
        } catch {
            throw JournalError(error)
        }
    }

    /// Needs no transaction: only the owner writes, so all reads see the same state.
    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result { try body() }
}
