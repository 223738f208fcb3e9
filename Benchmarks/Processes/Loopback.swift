import Glibc
import ProcessKit

/// TCP on 127.0.0.1.
enum Loopback {
    /// A port on which nobody listened a moment ago.
    static func freePort() throws -> UInt16 {
        let descriptor = try makeSocket()
        defer { close(descriptor) }
        guard LoopbackAddress.with(port: 0, { bind(descriptor, $0, $1) }) == 0 else { throw BenchError.system("bind") }
        return try localPort(of: descriptor)
    }

    /// The port of this side of a socket.
    static func localPort(of descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard code == 0 else { throw BenchError.system("getsockname") }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A socket that listens on a free port and does not block.
    static func listen(backlog: Int32) throws -> (descriptor: Int32, port: UInt16) {
        let port = try freePort()
        let descriptor = try makeSocket()
        guard LoopbackAddress.with(port: port, { bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, backlog) == 0,
            fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
        else {
            let code = errno
            close(descriptor)
            throw BenchError.system("cannot listen on 127.0.0.1:\(port)", code: code)
        }
        return (descriptor, port)
    }

    /// A connected socket.
    /// - Parameter receiveBuffer: approximate kernel buffer for a reader that does not read, in bytes; nil for the
    ///   default.
    static func connect(to port: UInt16, receiveBuffer: Int32? = nil) throws -> Int32 {
        let descriptor = try makeSocket()
        if var size = receiveBuffer {
            // Before connecting, because the window is negotiated then.
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        guard LoopbackAddress.with(port: port, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw BenchError.system("cannot connect to 127.0.0.1:\(port)", code: code)
        }
        return descriptor
    }

    static func answers(_ port: UInt16) -> Bool {
        // The reason for no answer does not matter.
        guard let descriptor = try? connect(to: port) else { return false }
        close(descriptor)
        return true
    }

    /// One HTTP GET: status and body, or nil if nobody answers within three seconds.
    static func get(_ path: String, port: UInt16) -> (status: Int, body: String)? {
        // Callers wait for a server that is not up yet.
        guard let descriptor = try? connect(to: port) else { return nil }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            received += buffer.prefix(count)
        }
        let text = String(decoding: received, as: UTF8.self)
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count > 1, let status = Int(words[1]), let head = text.firstRange(of: "\r\n\r\n") else {
            return nil
        }
        return (status, String(text[head.upperBound...]))
    }

    private static func makeSocket() throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw BenchError.system("socket") }
        return descriptor
    }
}
