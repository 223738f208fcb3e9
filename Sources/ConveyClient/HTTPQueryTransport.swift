import Conversation
import Glibc
import Threads

/// Sends queries over HTTP: one connection per query, without TLS (use the loopback side of a proxy that requires it,
/// or MQTT).
public struct HTTPQueryTransport: QueryTransport {
    /// The time limit for connecting, sending, and each pause of the server. The service gives up after 5.
    static let timeoutSeconds = 10
    /// Far above the size of a page of events.
    static let answerLimit = 64 * 1_024 * 1_024

    private let host: String
    private let port: UInt16
    private let token: String?

    /// - Parameter token: sent as bearer token. A token with anything but visible ASCII characters is left out, because
    ///   no service can know it.
    public init(host: String, port: UInt16, token: String? = nil) {
        self.token = token.flatMap { $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } ? $0 : nil }
        // A service that listens on all addresses is reached over loopback.
        self.host = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        self.port = port
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080`, `http://localhost:8080`.
    /// - Throws: `invalidAddress`.
    public init(_ text: String, token: String? = nil) throws(ConveyClientError) {
        var rest = text[...]
        if rest.hasPrefix("http://") { rest = rest.dropFirst("http://".count) }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0,
            !rest.contains("/")
        else {
            throw ConveyClientError(
                .invalidAddress, "\"\(text)\" is not HOST:PORT or http://HOST:PORT, like 127.0.0.1:8080")
        }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host.isEmpty ? "127.0.0.1" : host, port: port, token: token)
    }

    public func ask(_ question: Question) async throws -> QueryAnswer {
        let (host, port, token, path) = (host, port, token, question.path)
        let result: Result<QueryAnswer, ConveyClientError> = await withCheckedContinuation { continuation in
            do throws(ThreadError) {
                // The socket blocks, so it must not run on a thread of Swift's pool.
                try DedicatedThread.detach(name: "convey-http") {
                    continuation.resume(returning: Self.get(path, host: host, port: port, token: token))
                }
            } catch {
                continuation.resume(returning: .failure(ConveyClientError(.unreachable, "\(error)")))
            }
        }
        return try result.get()
    }

    private static func get(
        _ path: String, host: String, port: UInt16, token: String?
    ) -> Result<QueryAnswer, ConveyClientError> {
        let name = host.contains(":") ? "[\(host)]" : host
        let place = "http://\(name):\(port)"
        do throws(ConveyClientError) {
            let descriptor = try connected(host: host, port: port, place)
            defer { close(descriptor) }
            let authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
            let request =
                "GET \(path) HTTP/1.1\r\nHost: \(name):\(port)\r\nAccept: application/json\r\n\(authorization)"
                + "Connection: close\r\n\r\n"
            return .success(try answer(Array(request.utf8), descriptor, place))
        } catch {
            return .failure(error)
        }
    }

    /// Messages about the connection follow the service's address.
    private static func answer(
        _ request: [UInt8], _ descriptor: Int32, _ place: String
    ) throws(ConveyClientError) -> QueryAnswer {
        do throws(ConveyClientError) {
            try send(request, to: descriptor)
            return try parse(try receive(from: descriptor))
        } catch {
            throw ConveyClientError(error.code, "\(place) \(error.message)")
        }
    }

    /// The answer in the bytes of a response with `Content-Length`.
    static func parse(_ bytes: [UInt8]) throws(ConveyClientError) -> QueryAnswer {
        let end = Array("\r\n\r\n".utf8)
        var headEnd: Int?
        if bytes.count >= end.count {
            headEnd = (0...(bytes.count - end.count)).first { bytes[$0..<($0 + end.count)].elementsEqual(end) }
        }
        guard let headEnd else {
            throw ConveyClientError(.notConvey, bytes.isEmpty ? silent : "does not answer with HTTP: check the port")
        }
        let lines = String(decoding: bytes[..<headEnd], as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw ConveyClientError(.notConvey, "does not answer with HTTP: check the port")
        }
        let body = Array(bytes[(headEnd + end.count)...])
        let length = lines.dropFirst().compactMap { line -> Int? in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { return nil }
            return Int(parts[1].drop { $0 == " " })
        }.first
        guard let length, length == body.count else {
            throw ConveyClientError(.notConvey, "cut its answer off, or is not Convey")
        }
        return QueryAnswer(status: status, body: body)
    }

    private static let silent =
        "closed the connection without an answer: check the port, and that it speaks HTTP without TLS"

    private static func connected(
        host: String, port: UInt16, _ place: String
    ) throws(ConveyClientError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else {
            let words = String(cString: gai_strerror(code)).lowercased()
            throw ConveyClientError(.unreachable, "\(place) could not be reached (\(words)): check the host's name")
        }
        defer { freeaddrinfo(found) }
        var reason = EHOSTUNREACH
        var next = found
        while let address = next?.pointee {
            let descriptor = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
            if descriptor >= 0 {
                var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
                let size = socklen_t(MemoryLayout<timeval>.size)
                setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
                setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
                if connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return descriptor }
                reason = errno
                close(descriptor)
            }
            next = address.ai_next
        }
        let words = String(cString: strerror(reason)).lowercased()
        throw ConveyClientError(
            .unreachable, "\(place) could not be reached (\(words)): is `convey serve` running there?")
    }

    private static func send(_ bytes: [UInt8], to descriptor: Int32) throws(ConveyClientError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { throw ConveyClientError(.unreachable, silent) }
            rest = rest.dropFirst(sent)
        }
    }

    private static func receive(from descriptor: Int32) throws(ConveyClientError) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while received.count < answerLimit {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return received }
            if count < 0 {
                if errno == EINTR { continue }
                throw errno == EAGAIN
                    ? ConveyClientError(.timeout, "gave no answer within \(timeoutSeconds) s")
                    : ConveyClientError(.unreachable, silent)
            }
            received += buffer.prefix(count)
        }
        throw ConveyClientError(.notConvey, "answers with more than \(answerLimit) bytes")
    }
}
