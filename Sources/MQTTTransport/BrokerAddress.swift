/// The broker's address and the credentials for it.
public struct BrokerAddress: Sendable, Equatable {
    /// How to check the broker's certificate, and which certificate to present.
    public struct TLS: Sendable, Equatable {
        /// PEM file with the certificate authorities to trust; nil trusts the system's.
        public var caFile: String?
        /// PEM file with this client's certificate chain; needs `keyFile`.
        public var certificateFile: String?
        /// PEM file with the key of `certificateFile`, not encrypted.
        public var keyFile: String?
        /// Whether the certificate must name the host connected to. False accepts any certificate of a trusted authority.
        public var verifyHostname: Bool

        /// TLS settings; the default trusts the system's authorities and presents no certificate.
        public init(
            caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, verifyHostname: Bool = true
        ) {
            self.caFile = caFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.verifyHostname = verifyHostname
        }
    }

    /// A name, an IPv4 address, or an IPv6 address without brackets.
    public var host: String
    /// 1 to 65535.
    public var port: Int
    public var username: String?
    public var password: String?
    /// Non-nil means TLS.
    public var tls: TLS?

    /// The same address with TLS, as a URL without credentials.
    var withTLS: String { "mqtts://\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// An address from its parts; checked when a connection is made.
    public init(
        host: String, port: Int = 1883, username: String? = nil, password: String? = nil, tls: TLS? = nil
    ) {
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.tls = tls
    }

    /// Reads `mqtt://[user[:password]@]host[:1883]` or `mqtts://…[:8883]` (TLS with the system's authorities; set `tls`
    /// for others). User and password are percent-decoded; an IPv6 address needs brackets.
    ///
    /// - Throws: `invalidURL`, with the reason and without the password.
    public init(url: String) throws(MQTTError) {
        let (scheme, authority) = try Self.splitScheme(url)
        let isSecure = scheme == "mqtts"
        // The last @: a password may contain an unencoded one.
        let at = authority.lastIndex(of: "@")
        let hostAndPort = at.map { authority[authority.index(after: $0)...] } ?? authority[...]
        let (host, port) = try Self.splitHost(hostAndPort)
        self.init(host: host, port: port ?? (isSecure ? 8883 : 1883), tls: isSecure ? TLS() : nil)
        if let at {
            let userInfo = authority[..<at]
            let colon = userInfo.firstIndex(of: ":")
            username = try Self.percentDecode(userInfo[..<(colon ?? userInfo.endIndex)], as: "user name")
            password = try colon.map { colon throws(MQTTError) in
                try Self.percentDecode(userInfo[userInfo.index(after: colon)...], as: "password")
            }
        }
    }

    private static func splitScheme(_ url: String) throws(MQTTError) -> (scheme: String, authority: Substring) {
        let expected = "expected mqtt://host:1883 or mqtts://host:8883"
        var separator = url.startIndex
        while separator < url.endIndex, !url[separator...].hasPrefix("://") { separator = url.index(after: separator) }
        guard separator < url.endIndex else {
            throw MQTTError(.invalidURL, "the broker's URL has no scheme: \(expected)")
        }
        let scheme = url[..<separator].lowercased()
        guard scheme == "mqtt" || scheme == "mqtts" else {
            throw MQTTError(.invalidURL, "the broker's URL has the unknown scheme '\(scheme)': \(expected)")
        }
        var authority = url[url.index(separator, offsetBy: 3)...]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        return (scheme, authority)
    }

    private static func splitHost(_ text: Substring) throws(MQTTError) -> (host: String, port: Int?) {
        if let bad = text.first(where: { $0 == "/" || $0 == "?" || $0 == "#" || $0.isWhitespace }) {
            throw MQTTError(
                .invalidURL, "the broker's URL must end after the port, and has '\(bad)' (encode it as %XX)")
        }
        var host = text
        var port: Substring?
        if text.first == "[" {
            guard let close = text.firstIndex(of: "]") else {
                throw MQTTError(.invalidURL, "the broker's URL has '[' without ']' around its IPv6 address")
            }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.first == ":" else {
                throw MQTTError(.invalidURL, "the broker's URL has '\(rest)' after its IPv6 address, expected :port")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            if port?.contains(":") == true {
                throw MQTTError(.invalidURL, "the broker's URL has an IPv6 address without brackets: write [::1]:1883")
            }
        }
        guard !host.isEmpty else { throw MQTTError(.invalidURL, "the broker's URL has no host") }
        guard let port else { return (String(host), nil) }
        guard let number = UInt16(port), number > 0, port.first?.isNumber == true else {
            throw MQTTError(.invalidURL, "the broker's URL has the port '\(port)', expected 1 to 65535")
        }
        return (String(host), Int(number))
    }

    private static func percentDecode(_ text: Substring, as what: String) throws(MQTTError) -> String {
        var decoded: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(hexValue), let low = bytes.next().flatMap(hexValue) else {
                throw MQTTError(.invalidURL, "the broker's URL has a % in its \(what) that is not %XX (write % as %25)")
            }
            decoded.append(high << 4 | low)
        }
        guard let string = String(validating: decoded, as: UTF8.self), !decoded.contains(0) else {
            throw MQTTError(.invalidURL, "the broker's URL has a \(what) that is not UTF-8 text without NUL")
        }
        return string
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension BrokerAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL without the password, safe for logs.
    public var description: String {
        let user = username.map { "\($0)@" } ?? ""
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(tls == nil ? "mqtt" : "mqtts")://\(user)\(host):\(port)"
    }

    public var debugDescription: String { description }

    /// Prevents `dump` and string interpolation of a containing struct from showing the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
