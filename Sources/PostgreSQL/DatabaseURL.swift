import CPostgreSQL

/// The address of a database and its login: a connection URI in libpq's syntax
/// (postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING), with one or several hosts.
///
/// libpq takes missing parts from its usual places: `PGPASSWORD`, the password file, `PGSSLROOTCERT`, …
package struct DatabaseURL: Sendable {
    /// One host of the URL. Each attempt has its own deadline, because libpq applies `connect_timeout` only to blocking connects.
    struct Host: Sendable, Equatable {
        /// A name, an address, or the directory of a Unix socket; nil for libpq's default.
        var name: String?
        var address: String?
        var port: String?

        /// The host in messages.
        var description: String {
            let name = name ?? address ?? "its local socket"
            return "PostgreSQL at \(port.map { "\(name):\($0)" } ?? name)"
        }
    }

    /// The options that all hosts share, by libpq's keywords.
    let options: [String: String]
    let hosts: [Host]
    /// Maximum time of an attempt to connect to one host.
    let connectTimeout: Duration

    private static let defaultConnectTimeout = Duration.seconds(3)
    private static let perHost: Set<String> = ["host", "hostaddr", "port", "connect_timeout"]

    /// - Throws: `url` with libpq's reason.
    package init(_ text: String) throws(PostgresError) {
        guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else {
            throw PostgresError(
                .url, "a PostgreSQL URL begins with postgres://, as in postgres://convey@127.0.0.1/convey")
        }
        var problem: UnsafeMutablePointer<CChar>?
        guard let parsed = PQconninfoParse(text, &problem) else {
            // libpq quotes the URL, which may contain a password.
            let words = problem.map { String(cString: $0).trimmedLines } ?? "out of memory"
            let reason = words.components(before: " in URI: ")
            PQfreemem(problem)
            throw PostgresError(.url, reason)
        }
        defer { PQconninfoFree(parsed) }
        var found: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { found[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        options = found.filter { !Self.perHost.contains($0.key) }
        connectTimeout =
            found["connect_timeout"].flatMap { Int($0) }.flatMap { $0 > 0 ? .seconds(max(2, $0)) : nil }
            ?? Self.defaultConnectTimeout
        hosts = Self.hosts(found)
        if let names = found["host"], let addresses = found["hostaddr"], names.commas != addresses.commas {
            throw PostgresError(.url, "host and hostaddr name different numbers of hosts")
        }
        if let ports = found["port"], ports.commas > 0, ports.commas != hosts.count - 1 {
            throw PostgresError(.url, "there are \(hosts.count) hosts and \(ports.commas + 1) ports")
        }
    }

    private static func hosts(_ found: [String: String]) -> [Host] {
        func list(_ keyword: String) -> [String?] {
            found[keyword]?.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.isEmpty ? nil : String($0)
            } ?? []
        }
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"))
        return (0..<max(1, names.count, addresses.count)).map { index in
            func element(_ list: [String?]) -> String? { list.indices.contains(index) ? list[index] : nil }
            return Host(
                name: element(names), address: element(addresses), port: ports.count == 1 ? ports[0] : element(ports))
        }
    }

    /// The hosts and the name of the database, without the login.
    package var description: String {
        "\(hosts.map(\.description).joined(separator: ", "))\(options["dbname"].map { ", database \($0)" } ?? "")"
    }
}

extension String {
    fileprivate func components(before mark: String) -> String {
        firstRange(of: mark).map { String(self[..<$0.lowerBound]) } ?? self
    }

    fileprivate var commas: Int { utf8.count { $0 == UInt8(ascii: ",") } }

    /// The text as one line. libpq's messages end with a line break and may have several lines.
    var trimmedLines: String {
        split(whereSeparator: \.isNewline).map { line in
            String(line.drop { $0 == " " || $0 == "\t" })
        }.joined(separator: "; ")
    }
}
