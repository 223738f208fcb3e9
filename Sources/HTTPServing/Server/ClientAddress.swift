import NIOCore

/// The address that identifies a client: an IPv4 address or an IPv6 /64, because one machine has a whole /64 (RFC
/// 6177).
struct ClientAddress: Hashable, Sendable {
    let text: String
    /// Whether it is this machine. All clients of a local proxy come from here.
    let isLoopback: Bool

    /// - Parameter address: nil if it is no longer known.
    init(_ address: SocketAddress?) {
        switch address {
        case .v4(let address):
            var address = address.address
            let bytes = withUnsafeBytes(of: &address.sin_addr) { Array($0) }
            self.init(v4: bytes)
        case .v6(let address):
            var address = address.address
            let bytes = withUnsafeBytes(of: &address.sin6_addr) { Array($0) }
            self.init(v6: bytes)
        case .unixDomainSocket, nil: self.init(text: "unknown", isLoopback: false)
        }
    }

    private init(text: String, isLoopback: Bool) {
        self.text = text
        self.isLoopback = isLoopback
    }

    private init(v4 bytes: some Collection<UInt8>) {
        self.init(text: bytes.map { String($0) }.joined(separator: "."), isLoopback: bytes.first == 127)
    }

    private init(v6 bytes: [UInt8]) {
        let zeros = bytes.prefix { $0 == 0 }.count
        // RFC 4291, section 2.5.5.2: an IPv4 address in an IPv6 socket.
        if zeros == 10, bytes[10] == 0xff, bytes[11] == 0xff {
            self.init(v4: bytes.dropFirst(12))
            return
        }
        let groups = stride(from: 0, to: 8, by: 2).map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
        self.init(text: groups.joined(separator: ":") + "::/64", isLoopback: zeros == 15 && bytes[15] == 1)
    }
}
