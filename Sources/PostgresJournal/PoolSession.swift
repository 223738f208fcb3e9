import JournalPort
import PostgreSQL

/// Reads over a connection of the pool. Belongs to one thread.
final class PoolSession: Session {
    private let pool: ConnectionPool
    /// The connection that `reading` uses.
    private var held: Connection?
    /// Whether its transaction has begun.
    private var isInTransaction = false

    private static let begin = Call("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    private static let commit = Call("COMMIT")

    init(_ pool: ConnectionPool) { self.pool = pool }

    func run(_ calls: [Call]) throws(JournalError) -> [Rows] {
        if let held { return try runInTransaction(calls, held) }
        let (connection, isUsed) = try pool.take()
        do {
            defer { pool.giveBack(connection) }
            return try connection.run(calls)
        } catch {
            // The server may have restarted and closed the connection. Reading again is safe.
            guard isUsed, error.code == .lost || error.state?.hasPrefix("57P") == true else {
                throw JournalError(error)
            }
        }
        let (second, _) = try pool.take()
        defer { pool.giveBack(second) }
        do {
            return try second.run(calls)
        } catch {
            throw JournalError(error)
        }
    }

    private func runInTransaction(_ calls: [Call], _ connection: Connection) throws(JournalError) -> [Rows] {
        do {
            if isInTransaction { return try connection.run(calls) }
            isInTransaction = true
            return Array(try connection.run([Self.begin] + calls).dropFirst())
        } catch {
            throw JournalError(error)
        }
    }

    /// Runs the body in a transaction that begins with the first statement.
    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        if held != nil { return try body() }
        let (connection, _) = try pool.take()
        held = connection
        isInTransaction = false
        defer {
            held = nil
            // The result is correct even if ending the transaction fails. The failure closes the connection.
            if isInTransaction, connection.isOpen { _ = try? connection.run([Self.commit]) }
            pool.giveBack(connection)
        }
        return try body()
    }
}
