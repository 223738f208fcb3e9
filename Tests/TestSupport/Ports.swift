import Glibc

/// Something that a test needs from the machine and did not get.
public struct TestSupportError: Error, CustomStringConvertible {
    public let description: String

    /// - Parameter description: what failed, for the test's log.
    public init(_ description: String) { self.description = description }
}

/// A loopback TCP port on which nobody listened a moment ago. For a while, the kernel gives a different one to each
/// caller, so tests can run side by side.
public func freePort() throws -> Int {
    let socket = try listenOnLoopback(port: 0)
    defer { close(socket) }
    return try localPort(of: socket)
}

/// A listening socket on 127.0.0.1; `port` 0 takes a free one.
func listenOnLoopback(port: Int, backlog: Int32 = 64) throws -> Int32 {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard listener >= 0 else { throw TestSupportError("socket: \(String(cString: strerror(errno)))") }
    var reuse: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = loopback(port: port)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
    }
    guard code == 0, listen(listener, backlog) == 0 else {
        let reason = String(cString: strerror(errno))
        close(listener)
        throw TestSupportError("cannot listen on 127.0.0.1:\(port): \(reason)")
    }
    return listener
}

func localPort(of socket: Int32) throws -> Int {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    guard code == 0 else { throw TestSupportError("getsockname: \(String(cString: strerror(errno)))") }
    return Int(UInt16(bigEndian: address.sin_port))
}

/// A connected socket to 127.0.0.1, or nil if nothing listens there.
public func connectToLoopback(port: Int) -> Int32? {
    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard connection >= 0 else { return nil }
    var address = loopback(port: port)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(connection, $0, size) }
    }
    guard code == 0 else {
        close(connection)
        return nil
    }
    return connection
}

private func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}

/// Waits until `condition` holds, checking every few milliseconds.
///
/// - Throws: `TestSupportError` naming `what` after `seconds`.
public func waitUntil(
    _ what: String, seconds: Double = 10, _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw TestSupportError("not within \(seconds) s: \(what)") }
        usleep(2_000)
    }
}

/// A loopback port at which connections are neither accepted nor refused: its queue is full.
public final class FullListener: Sendable {
    public let port: Int
    private let listener: Int32
    private let waiting: [Int32]

    public init() throws {
        listener = try listenOnLoopback(port: 0, backlog: 0)
        port = try localPort(of: listener)
        // One connection may wait in a queue of length 0.
        guard let connection = connectToLoopback(port: port) else {
            throw TestSupportError("cannot fill the queue of port \(port)")
        }
        waiting = [connection]
    }

    deinit {
        for connection in waiting { close(connection) }
        close(listener)
    }
}
