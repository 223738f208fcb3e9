import Glibc

/// The answer to a GET.
public struct HTTPAnswer: Sendable, Equatable {
    public let status: Int
    public let body: String
}

/// One GET to a server on 127.0.0.1; nil if the server cannot be reached, or is silent for three seconds.
public func httpGet(_ path: String, port: Int) -> HTTPAnswer? {
    exchange("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n", port: port)
}

/// One POST of JSON, as `httpGet`.
public func httpPost(_ path: String, body: String, port: Int) -> HTTPAnswer? {
    exchange(
        "POST \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)", port: port)
}

/// One request of any method, as `httpGet`; a body is JSON.
/// - Parameter seconds: how long the server may be silent.
public func httpExchange(
    _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil, port: Int, seconds: Int = 3
) -> HTTPAnswer? {
    let about =
        (body.map { "Content-Type: application/json\r\nContent-Length: \($0.utf8.count)\r\n" } ?? "")
        + headers.map { "\($0.key): \($0.value)\r\n" }.joined()
    return exchange(
        "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\(about)\r\n\(body ?? "")",
        port: port, seconds: seconds)
}

private func exchange(_ text: String, port: Int, seconds: Int = 3) -> HTTPAnswer? {
    guard let connection = connectToLoopback(port: port) else { return nil }
    defer { close(connection) }
    var timeout = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    let request = Array(text.utf8)
    guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    // Some servers leave the connection open although told to close it: the length counts, too.
    var end = Int.max
    while received.count < end, case let count = recv(connection, &buffer, buffer.count, 0), count > 0 {
        received += buffer.prefix(count)
        if end == Int.max, let known = endOfAnswer(received) { end = known }
    }
    let text = String(decoding: received, as: UTF8.self)
    let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
    guard words.count > 1, let status = Int(words[1]), let head = text.firstRange(of: "\r\n\r\n") else { return nil }
    return HTTPAnswer(status: status, body: String(text[head.upperBound...]))
}

/// The total length of head and body, once the head is there; without a length, the body ends with the connection.
private func endOfAnswer(_ received: [UInt8]) -> Int? {
    guard let blank = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let head = String(decoding: received[..<blank.lowerBound], as: UTF8.self).lowercased()
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        .flatMap { Int($0.dropFirst("content-length:".count).drop { $0 == " " }) }
    return length.map { blank.upperBound + $0 } ?? .max
}
