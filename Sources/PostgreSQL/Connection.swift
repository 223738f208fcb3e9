import CPostgreSQL
import Glibc

/// One connection to PostgreSQL.
///
/// Invariant: one thread uses it at a time. Another thread may take it over while no statement runs.
///
/// Every wait has a deadline: libpq itself never waits; this class calls `poll`. After any failure the connection is closed and cannot be
/// used again, because the server's state is unknown or a transaction is still open.
package final class Connection: @unchecked Sendable {
    /// Maximum silence of the server while statements run. Any byte from the server restarts the time.
    package static let patience = Duration.seconds(5)

    private var handle: OpaquePointer?
    private let notices = Notices()
    /// Names of the prepared statements, by SQL text.
    private var prepared: [String: String] = [:]
    /// The server's address in messages: `PostgreSQL at 127.0.0.1:5432`.
    package let place: String

    /// Whether the connection can be used.
    package var isOpen: Bool { handle != nil }

    /// Connects to the first host of a URL that accepts connections.
    /// - Parameter application: the `application_name` in `pg_stat_activity`.
    /// - Throws: `refused` if all hosts refused the connection, otherwise `unreachable`.
    package static func open(_ url: DatabaseURL, application: String) throws(PostgresError) -> Connection {
        var failures: [PostgresError] = []
        for host in url.hosts {
            do throws(PostgresError) {
                return try Connection(url, host, application)
            } catch {
                failures.append(error)
            }
        }
        let isRefused = failures.allSatisfy { $0.code == .refused }
        throw PostgresError(
            isRefused ? .refused : .unreachable, failures.map(\.message).joined(separator: "; "))
    }

    private init(_ url: DatabaseURL, _ host: DatabaseURL.Host, _ application: String) throws(PostgresError) {
        let opened = try Self.connect(url, host, application)
        handle = opened
        place = "PostgreSQL at \(Self.name(of: opened))"
        notices.listen(to: opened)
        // A failure from here on closes the connection.
        try script("SET client_min_messages = warning; SET search_path = ''; SET standard_conforming_strings = on")
        guard PQenterPipelineMode(opened) == 1 else { throw failure() }
    }

    deinit { close() }

    /// Closes the connection. A running statement continues at the server until the server notices.
    package func close() {
        handle.map { PQfinish($0) }
        handle = nil
    }

    // MARK: Connecting

    private static func connect(
        _ url: DatabaseURL, _ host: DatabaseURL.Host, _ application: String
    ) throws(PostgresError) -> OpaquePointer {
        var options = url.options
        options["host"] = host.name
        options["hostaddr"] = host.address
        options["port"] = host.port
        options["application_name"] = application
        options["client_encoding"] = "UTF8"
        // The kernel's own deadlines, for connections that nobody waits on.
        options["keepalives_idle"] = options["keepalives_idle"] ?? "5"
        options["keepalives_interval"] = options["keepalives_interval"] ?? "2"
        options["keepalives_count"] = options["keepalives_count"] ?? "3"
        options["tcp_user_timeout"] = options["tcp_user_timeout"] ?? "10000"
        guard let handle = start(options) else { throw PostgresError(.unreachable, "out of memory") }
        do throws(PostgresError) {
            try finishConnecting(handle, within: url.connectTimeout, place: host.description)
            return handle
        } catch {
            PQfinish(handle)
            throw error
        }
    }

    private static func start(_ options: [String: String]) -> OpaquePointer? {
        let sorted = options.sorted { $0.key < $1.key }
        var keywords: [UnsafePointer<CChar>?] = sorted.map { UnsafePointer(strdup($0.key)) } + [nil]
        var values: [UnsafePointer<CChar>?] = sorted.map { UnsafePointer(strdup($0.value)) } + [nil]
        defer { for pointer in keywords + values { free(UnsafeMutableRawPointer(mutating: pointer)) } }
        return PQconnectStartParams(&keywords, &values, 0)
    }

    private static func finishConnecting(
        _ handle: OpaquePointer, within timeout: Duration, place: String
    ) throws(PostgresError) {
        let deadline = ContinuousClock.now + timeout
        var step = PGRES_POLLING_WRITING
        while true {
            switch step {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_READING, PGRES_POLLING_WRITING:
                let events = Int16(step == PGRES_POLLING_READING ? POLLIN : POLLOUT)
                guard PQstatus(handle) != CONNECTION_BAD else { throw refusal(handle) }
                guard wait(PQsocket(handle), for: events, until: deadline) != 0 else {
                    throw PostgresError(
                        .unreachable, "\(place) has not answered within \(timeout.components.seconds) s")
                }
                step = PQconnectPoll(handle)
            default: throw refusal(handle)
            }
        }
    }

    /// Returns the reason for a failed connection. libpq provides no SQLSTATE here, so the text decides whether the error is permanent.
    private static func refusal(_ handle: OpaquePointer) -> PostgresError {
        let reason = String(cString: PQerrorMessage(handle)).trimmedLines
        let permanent = [
            "authentication failed", "no password supplied", "does not exist", "no pg_hba.conf entry",
            "permission denied for database",
            "certificate", "invalid sslmode", "invalid port number", "invalid integer value",
            "is not permitted to log in",
        ]
        let isRefused = permanent.contains { reason.contains($0) } && !reason.contains("No such file or directory")
        return PostgresError(isRefused ? .refused : .unreachable, reason)
    }

    private static func name(of handle: OpaquePointer) -> String {
        let host = PQhost(handle).map { String(cString: $0) } ?? ""
        let port = PQport(handle).map { String(cString: $0) } ?? ""
        return host.hasPrefix("/") ? host : "\(host):\(port)"
    }

    // MARK: Running

    /// Sends all statements at once and waits for all answers: one round trip. The statements must include BEGIN and COMMIT to form a
    /// transaction.
    /// - Parameter patience: see `Connection.patience`.
    /// - Returns: the rows of each statement.
    /// - Throws: the first error, after it has closed the connection.
    package func run(_ calls: [Call], patience: Duration = Connection.patience) throws(PostgresError) -> [Rows] {
        guard let handle else { throw PostgresError(.lost, "the connection to \(place) is closed") }
        do throws(PostgresError) {
            _ = notices.take()
            /// For each result, whether it belongs to a call and not to its preparation.
            var expected: [Bool] = []
            for call in calls {
                if try prepare(call, handle) { expected.append(false) }
                try send(call, handle)
                expected.append(true)
            }
            guard PQpipelineSync(handle) == 1 else { throw failure() }
            try flush(handle, patience)
            return try receive(expected, handle, patience)
        } catch {
            close()
            throw error
        }
    }

    /// Whether the server has closed the connection, as far as this side knows. Sends no request. Call it only while no statement runs.
    package var hasEnded: Bool {
        guard let handle else { return true }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        // Without a request the server sends only notices and, before it closes, the reason.
        while poll(&descriptor, 1, 0) == 1 {
            if PQconsumeInput(handle) != 1 || PQstatus(handle) != CONNECTION_OK { return true }
        }
        return false
    }

    /// Warnings of the last run. A caller may have to treat them as a failure.
    package var warnings: [String] { notices.warnings }

    /// - Returns: whether a preparation was sent.
    private func prepare(_ call: Call, _ handle: OpaquePointer) throws(PostgresError) -> Bool {
        guard prepared[call.sql] == nil else { return false }
        let name = "s\(prepared.count)"
        guard PQsendPrepare(handle, name, call.sql, Int32(call.parameters.types.count), call.parameters.types) == 1
        else { throw failure() }
        prepared[call.sql] = name
        return true
    }

    private func send(_ call: Call, _ handle: OpaquePointer) throws(PostgresError) {
        let parameters = call.parameters
        let formats = [Int32](repeating: 1, count: parameters.places.count)
        let lengths = parameters.places.map { Int32($0?.count ?? 0) }
        let sent = parameters.buffer.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { buffer in
                // An empty value still needs an address: a null pointer means NULL.
                let pointers = parameters.places.map { place -> UnsafePointer<CChar>? in
                    place.map { (buffer.baseAddress ?? emptyValue) + (buffer.isEmpty ? 0 : $0.lowerBound) }
                }
                return PQsendQueryPrepared(
                    handle, prepared[call.sql], Int32(pointers.count), pointers, lengths, formats, 1)
            }
        }
        guard sent == 1 else { throw failure() }
    }

    private func flush(_ handle: OpaquePointer, _ patience: Duration) throws(PostgresError) {
        while true {
            switch PQflush(handle) {
            case 0: return
            case 1: break
            default: throw failure()
            }
            let ready = Self.wait(PQsocket(handle), for: Int16(POLLIN | POLLOUT), until: .now + patience)
            guard ready != 0 else { throw timedOut(patience) }
            // The server stops reading while its answers are not read.
            if ready & Int16(POLLIN) != 0, PQconsumeInput(handle) != 1 { throw failure() }
        }
    }

    /// - Parameter expected: one element per result: whether to return that result.
    private func receive(
        _ expected: [Bool], _ handle: OpaquePointer, _ patience: Duration
    ) throws(PostgresError) -> [Rows] {
        var rows: [Rows] = []
        var index = 0
        var problem: PostgresError?
        while true {
            try awaitResult(handle, patience)
            guard let result = PQgetResult(handle) else {
                // Between the results of two statements.
                guard PQstatus(handle) == CONNECTION_OK else { throw failure() }
                continue
            }
            switch PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                PQclear(result)
                if let problem { throw problem }
                return rows
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                let isWanted = expected.indices.contains(index) && expected[index]
                index += 1
                if isWanted { rows.append(Rows(result)) } else { PQclear(result) }
            case PGRES_PIPELINE_ABORTED: PQclear(result)
            default:
                problem = problem ?? error(of: result)
                PQclear(result)
                guard PQstatus(handle) == CONNECTION_OK else { throw problem ?? failure() }
            }
        }
    }

    /// Waits until a result can be taken without blocking.
    private func awaitResult(_ handle: OpaquePointer, _ patience: Duration) throws(PostgresError) {
        while PQisBusy(handle) == 1 {
            guard Self.wait(PQsocket(handle), for: Int16(POLLIN), until: .now + patience) != 0 else {
                throw timedOut(patience)
            }
            guard PQconsumeInput(handle) == 1 else { throw failure() }
        }
    }

    /// Runs statements without parameters, for set-up.
    package func script(_ sql: String, patience: Duration = Connection.patience) throws(PostgresError) {
        guard let handle else { throw PostgresError(.lost, "the connection to \(place) is closed") }
        do throws(PostgresError) {
            let isPipelined = PQpipelineStatus(handle) != PQ_PIPELINE_OFF
            if isPipelined { PQexitPipelineMode(handle) }
            guard PQsendQuery(handle, sql) == 1 else { throw failure() }
            try flush(handle, patience)
            var problem: PostgresError?
            while true {
                try awaitResult(handle, patience)
                guard let result = PQgetResult(handle) else { break }
                let status = PQresultStatus(result)
                if status != PGRES_COMMAND_OK, status != PGRES_TUPLES_OK { problem = problem ?? error(of: result) }
                PQclear(result)
            }
            if let problem { throw problem }
            if isPipelined, PQenterPipelineMode(handle) != 1 { throw failure() }
        } catch {
            close()
            throw error
        }
    }

    // MARK: Failing

    private func error(of result: OpaquePointer) -> PostgresError {
        guard let state = Notices.field(PG_DIAG_SQLSTATE_CODE, of: result) else { return failure() }
        let message = String(cString: PQresultErrorMessage(result)).trimmedLines
        return PostgresError(.server(state), "\(place): \(message)")
    }

    private func failure() -> PostgresError {
        let reason = handle.map { String(cString: PQerrorMessage($0)).trimmedLines } ?? ""
        return PostgresError(.lost, "\(place): \(reason.isEmpty ? "the connection broke" : reason)")
    }

    private func timedOut(_ patience: Duration) -> PostgresError {
        PostgresError(.timedOut, "\(place) has not answered within \(patience.components.seconds) s")
    }

    /// - Returns: the events that are ready, or 0 at the deadline. The next libpq call reports an error of the socket.
    private static func wait(_ socket: Int32, for events: Int16, until deadline: ContinuousClock.Instant) -> Int16 {
        while true {
            let left = deadline - .now
            guard left > .zero else { return 0 }
            let (seconds, attoseconds) = left.components
            let milliseconds = Int32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1)
            var descriptor = pollfd(fd: socket, events: events, revents: 0)
            switch poll(&descriptor, 1, milliseconds) {
            case 0: return 0
            case 1: return descriptor.revents
            default:
                // EINTR: a signal handler ran. The next libpq call reports any other error.
                guard errno == EINTR else { return events }
            }
        }
    }
}

/// The address of empty values.
///
/// Invariant: never freed, never written.
private nonisolated(unsafe) let emptyValue = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
