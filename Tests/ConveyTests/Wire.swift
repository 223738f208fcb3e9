import Dispatch
import Glibc
import TestSupport

/// A connection on which a test reads and writes freely. It is closed with this object.
final class Wire: Sendable {
    private let descriptor: Int32

    /// - Parameter receiveBuffer: the size of the system's receive buffer, in bytes; nil for its default.
    init(_ port: Int, receiveBuffer: Int32? = nil) throws {
        guard let connected = connectToLoopback(port: port) else {
            throw TestSupportError("nothing listens on port \(port)")
        }
        descriptor = connected
        // No expected answer takes this long.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(connected, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(connected, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBuffer {
            setsockopt(connected, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    deinit { close(descriptor) }

    /// For data that fits into the system's buffers.
    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw TestSupportError("cannot send \(bytes.count) bytes")
        }
    }

    /// For more data, as far as the other side accepts it.
    func sendAll(_ text: String) async throws {
        await blocking { [descriptor] in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return }
                rest = rest.dropFirst(sent)
            }
        }
    }

    func endWriting() throws { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything that arrives until the other side ends the connection.
    func readAll() async -> String {
        await blocking { [descriptor] in
            var received: [UInt8] = []
            while let bytes = Self.receive(descriptor) { received += bytes }
            return String(decoding: received, as: UTF8.self)
        }
    }

    /// Everything that arrives until it contains a text, or until the end.
    func read(until text: String) async -> String {
        await blocking { [descriptor] in
            var received: [UInt8] = []
            while !String(decoding: received, as: UTF8.self).contains(text), let bytes = Self.receive(descriptor) {
                received += bytes
            }
            return String(decoding: received, as: UTF8.self)
        }
    }

    /// How many bytes arrived at once; 0 at the end.
    func readSome() async -> Int {
        await blocking { [descriptor] in Self.receive(descriptor)?.count ?? 0 }
    }

    func isReadable(within milliseconds: Int32) -> Bool {
        var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&one, 1, milliseconds) > 0
    }

    private static func receive(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 8_192)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    /// On a thread of its own: the service needs Swift's threads.
    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: body()) }
        }
    }
}
