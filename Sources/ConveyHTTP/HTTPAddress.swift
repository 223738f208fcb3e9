/// Where the HTTP service listens: an IP address and a port.
public struct HTTPAddress: Sendable, Equatable, CustomStringConvertible {
    /// An IPv4 or IPv6 address, without brackets.
    public let host: String
    /// 0 lets the system choose.
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or `:8080` (every IPv4 address of the machine).
    /// Nil when the text is none of these; that the host is an address of this machine shows when it is bound.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        if host.contains(where: { $0.isWhitespace || $0 == "/" }) { return nil }
        switch host {
        case "": self.init(host: "0.0.0.0", port: port)
        case "localhost": self.init(host: "127.0.0.1", port: port)
        default: self.init(host: host, port: port)
        }
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
