import Glibc

/// A script's end of a connection. Used by the script's thread alone.
public final class ScriptedConnection {
    private let descriptor: Int32
    private var unread: [UInt8] = []
    /// The script wants no further request.
    private(set) var isEnded = false
    private(set) var resets = false

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    // MARK: Answers

    /// A whole answer with its length.
    public func reply(
        status: Int = 200, type: String = "application/json", headers: [String] = [], _ body: String
    ) throws {
        try send(head(status, type, headers + ["Content-Length: \(body.utf8.count)"]) + body)
    }

    /// Begins an answer in chunks.
    public func beginStream(_ status: Int = 200, type: String? = "text/event-stream", headers: [String] = []) throws {
        try send(head(status, type, headers + ["Transfer-Encoding: chunked"]))
    }

    /// One chunk, sent at once.
    public func chunk(_ bytes: some Collection<UInt8>) throws {
        guard !bytes.isEmpty else { return }
        try send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }

    public func chunk(_ text: String) throws { try chunk(Array(text.utf8)) }

    /// Events with these data, each a chunk.
    public func events(_ data: [String]) throws {
        for data in data { try chunk("data: \(data)\n\n") }
    }

    public func endStream() throws { try send("0\r\n\r\n") }

    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ClientClosed() }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: Waits and ends

    /// Waits until the gate opens.
    /// - Throws: `ClientClosed` if the client closes before that.
    public func wait(for gate: Gate) throws {
        while !gate.isOpen { try look(milliseconds: 2) }
    }

    /// Waits for at least a number of milliseconds.
    /// - Throws: `ClientClosed` if the client closes before that.
    public func pause(milliseconds: Int32) throws { try look(milliseconds: milliseconds) }

    /// Sends nothing until the client closes the connection.
    public func stall() throws -> Never {
        while true { try look(milliseconds: 1_000) }
    }

    /// Closes the connection once the script returns.
    public func close() { isEnded = true }

    /// Resets the connection (RST) once the script returns.
    public func reset() {
        isEnded = true
        resets = true
    }

    /// Waits for the client to close, or for the time to pass.
    private func look(milliseconds: Int32) throws {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN) | Int16(0x2000 /* POLLRDHUP */), revents: 0)
        let count = Glibc.poll(&poll, 1, milliseconds)
        if count > 0, Int32(poll.revents) & (POLLHUP | POLLERR | POLLNVAL | 0x2000) != 0 { throw ClientClosed() }
    }

    private func head(_ status: Int, _ type: String?, _ headers: [String]) -> String {
        let lines = ["HTTP/1.1 \(status) Scripted"] + (type.map { ["Content-Type: \($0)"] } ?? []) + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }

    // MARK: Requests

    /// The next request; nil if the client has closed the connection instead.
    func readRequest() throws -> ScriptedRequest? {
        var headEnd: Int?
        while headEnd == nil {
            headEnd = unread.indices.first { unread[$0...].starts(with: Array("\r\n\r\n".utf8)) }
            if headEnd == nil, try !receive() { return nil }
        }
        guard let headEnd else { return nil }
        let lines = String(decoding: unread[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        unread.removeFirst(headEnd + 4)
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { throw TestSupportError("this is no HTTP request: \(lines)") }
        let headers = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            let value = line[colon...].dropFirst().drop { $0 == " " }
            return (name: line[..<colon].lowercased(), value: String(value))
        }
        let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        while unread.count < length { guard try receive() else { return nil } }
        defer { unread.removeFirst(length) }
        return ScriptedRequest(
            method: String(words[0]), target: String(words[1]), headers: headers, body: Array(unread[..<length]))
    }

    /// False if the client has closed the connection.
    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        var count: Int
        repeat { count = recv(descriptor, &buffer, buffer.count, 0) } while count < 0 && errno == EINTR
        unread += buffer.prefix(max(0, count))
        return count > 0
    }
}
