/// Where the broker is: `mqtt://[user[:password]@]host[:port]`, or `mqtts://` for TLS.
struct BrokerURL: Sendable, Equatable {
    let host: String
    let port: UInt16
    let usesTLS: Bool
    let username: String?
    let password: Secret?

    static func parse(_ text: String) throws(InvalidValue) -> BrokerURL {
        let shown = masked(text)
        guard let separator = text.firstRange(of: "://") else {
            throw InvalidValue("\"\(shown)\" has no scheme; write mqtt://HOST:PORT or mqtts://HOST:PORT")
        }
        let usesTLS: Bool
        switch text[..<separator.lowerBound].lowercased() {
        case "mqtt": usesTLS = false
        case "mqtts": usesTLS = true
        default: throw InvalidValue("\"\(shown)\" must start with mqtt:// or mqtts://")
        }
        var authority = text[separator.upperBound...]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        var username: String?
        var password: Secret?
        if let at = authority.lastIndex(of: "@") {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            username = try decoded(parts[0], shown)
            password = parts.count > 1 ? Secret(try decoded(parts[1], shown)) : nil
            authority = authority[authority.index(after: at)...]
        }
        let (host, port) = try hostAndPort(authority, default: usesTLS ? 8883 : 1883, shown)
        return BrokerURL(host: host, port: port, usesTLS: usesTLS, username: username, password: password)
    }

    /// The URL without user and password.
    var withoutCredentials: String {
        "\(usesTLS ? "mqtts" : "mqtt")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Whether the broker is on this machine.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// A text that may be a URL, with what could be a password in it masked.
    static func masked(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        guard start <= at, let colon = text[start..<at].firstIndex(of: ":") else { return text }
        return text[...colon] + Secret.mask + text[at...]
    }

    private static func hostAndPort(
        _ text: Substring, default defaultPort: UInt16, _ shown: String
    ) throws(InvalidValue) -> (String, UInt16) {
        var host = text
        var port = defaultPort
        let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[afterBracket...].lastIndex(of: ":") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else {
                throw InvalidValue("\"\(shown)\" has no port number from 1 to 65535 after its colon")
            }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, !host.contains(where: { "/?#@ ".contains($0) }) else {
            throw InvalidValue("\"\(shown)\" names no host; write mqtt://HOST:PORT, without a path")
        }
        return (String(host), port)
    }

    private static func decoded(_ text: Substring, _ shown: String) throws(InvalidValue) -> String {
        guard let decoded = PercentEncoding.decode(String(text)) else {
            throw InvalidValue("\"\(shown)\" has a % in its user or password that is not followed by two hex digits")
        }
        return decoded
    }
}
