import Glibc
import Synchronization

/// A model provider for measurements: answers each chat completion with a stream of tokens at a steady pace. A token's
/// text is the time at which it was due (microseconds, monotonic), so that any reader can compute its delay.
///
/// One thread with one socket per request. Invariant: `server` and `streams` belong to that thread; `isStopping` is
/// atomic.
final class TokenServer: @unchecked Sendable {
    struct Pace: Sendable {
        var tokensPerSecond: Double
        /// Tokens of one answer; 0 for a provider that accepts a request and sends nothing.
        var tokens: Int
    }

    let port: UInt16
    private let pace: Pace
    private let server: Int32
    private var streams: [Stream] = []
    private let isStopping = Atomic(false)
    private let hasStopped = Atomic(false)

    private struct Stream {
        var descriptor: Int32
        /// Nil until the request is complete.
        var startedAt: Int64?
        var sent = 0
        var request: [UInt8] = []
    }

    /// Streams that can wait to be accepted.
    private static let backlog: Int32 = 4_096
    private static let rest: Int64 = 1_000_000

    init(_ pace: Pace) throws {
        self.pace = pace
        (server, port) = try Loopback.listen(backlog: Self.backlog)
        let box = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<TokenServer>.fromOpaque(argument).takeRetainedValue().serve()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw BenchError.system("cannot start a thread", code: code)
        }
        pthread_detach(thread)
    }

    /// Closes all connections; returns when that is done.
    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        while !hasStopped.load(ordering: .sequentiallyConsistent) { Clock.sleep(milliseconds: 1) }
    }

    private func serve() {
        Clock.makeTimersExact()
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            accept()
            for index in streams.indices { advance(&streams[index]) }
            streams.removeAll { $0.descriptor < 0 }
            Clock.sleep(until: Clock.now + Self.rest)
        }
        for stream in streams { close(stream.descriptor) }
        close(server)
        hasStopped.store(true, ordering: .sequentiallyConsistent)
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(server, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            streams.append(Stream(descriptor: descriptor))
        }
    }

    private func advance(_ stream: inout Stream) {
        guard let startedAt = stream.startedAt else { return read(&stream) }
        let interval = 1e9 / pace.tokensPerSecond
        while stream.sent < pace.tokens {
            let due = startedAt + Int64(Double(stream.sent) * interval)
            guard due <= Clock.now else { return }
            let content = "t\(due / 1_000) "
            send("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\(content)\"}}]}\n\n", &stream)
            guard stream.descriptor >= 0 else { return }
            stream.sent += 1
        }
        guard pace.tokens > 0 else { return }
        send("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", &stream)
        end(&stream)
    }

    private func read(_ stream: inout Stream) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(stream.descriptor, &buffer, buffer.count, 0)
        if count == 0 || (count < 0 && errno != EAGAIN) { return end(&stream) }
        guard count > 0 else { return }
        stream.request += buffer.prefix(count)
        guard Self.isWhole(stream.request) else { return }
        stream.request = []
        // Spread over one interval, like answers that began at different times.
        let interval = Int64(1e9 / pace.tokensPerSecond)
        stream.startedAt = Clock.now + Int64(stream.descriptor) * 997_000 % interval
        guard pace.tokens > 0 else { return }
        send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n", &stream)
    }

    /// Whether the head and its announced body have arrived.
    private static func isWhole(_ request: [UInt8]) -> Bool {
        let text = String(decoding: request, as: UTF8.self)
        guard let head = text.firstRange(of: "\r\n\r\n") else { return false }
        let lengthLine = text[..<head.lowerBound].split(separator: "\r\n")
            .first { $0.lowercased().hasPrefix("content-length:") }
        let length = lengthLine.flatMap { Int($0.drop { $0 != ":" }.dropFirst().filter { $0 != " " }) } ?? 0
        return text[head.upperBound...].utf8.count >= length
    }

    private func send(_ text: String, _ stream: inout Stream) {
        var text = text
        let isSent = text.withUTF8 { bytes in
            Glibc.send(stream.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
        }
        // A reader that is megabytes behind is treated as gone.
        if !isSent { end(&stream) }
    }

    private func end(_ stream: inout Stream) {
        close(stream.descriptor)
        stream.descriptor = -1
    }
}
