import Glibc

/// A client of `GET /v1/conversations/{subject}/stream`: a raw socket that reports events, and checks that none is
/// missing.
///
/// Belongs to the one thread of the generator.
final class LiveStream {
    let subject: String
    let descriptor: Int32
    /// This side's port.
    let port: UInt16
    /// The offset of the last event received; 0 before the first.
    private(set) var offset: Int
    private(set) var events = 0
    /// Whether the other side has closed the connection.
    private(set) var hasEnded = false
    /// Whether its delays are measured.
    var isMeasured = true

    private var reader = ServerSentEventReader()

    private static let offsetMember = Array("\"offset\":".utf8)

    var isOpen: Bool { reader.isOpen }

    /// Connects and asks for the events after an offset; `receive` reads the answer.
    /// - Parameter receiveBuffer: see `Loopback.connect`.
    init(_ subject: String, after offset: Int, port: UInt16, receiveBuffer: Int32? = nil) throws {
        self.subject = subject
        self.offset = offset
        descriptor = try Loopback.connect(to: port, receiveBuffer: receiveBuffer)
        self.port = try Loopback.localPort(of: descriptor)
        let request = Array(
            ("GET /v1/conversations/\(subject)/stream?after=\(offset) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
                + "Accept: text/event-stream\r\n\r\n").utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count,
            fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
        else { throw BenchError.system("cannot ask for the live stream of \(subject)") }
    }

    deinit { close(descriptor) }

    /// Reads the data of one `recv`.
    /// - Parameter body: called with each event.
    /// - Returns: false if there was nothing.
    /// - Throws: if an event is missing or repeated.
    @discardableResult
    func receive(into buffer: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void) throws
        -> Bool
    {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0 {
            switch errno {
            case EAGAIN, EINTR: return false
            case ECONNRESET:
                hasEnded = true
                return false
            default: throw BenchError.system("cannot read the live stream of \(subject)")
            }
        }
        guard count > 0 else {
            hasEnded = true
            return false
        }
        try reader.read(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { id, data in
            try take(id, data)
            try body(data)
        }
        return true
    }

    private func take(_ id: Int, _ data: UnsafeRawBufferPointer) throws {
        guard id == offset + 1 else {
            throw BenchError("the live stream of \(subject) sent \(id) after \(offset)")
        }
        guard let place = ByteSearch.find(Self.offsetMember, in: data),
            ByteSearch.number(in: data, at: place + Self.offsetMember.count) == id
        else {
            throw BenchError(
                "the live stream of \(subject) sent as \(id): \(String(decoding: data, as: UTF8.self))")
        }
        offset = id
        events += 1
    }
}
