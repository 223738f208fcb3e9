import Foundation
import Glibc
import HTTPServing

/// One HTTP request over a plain socket: enough for a health check, without Foundation's HTTP client.
package enum HTTPProbe {
    /// Time limit for connecting, sending, and each pause of the server.
    package static let timeoutSeconds = 3
    /// A `/readyz` body has a few hundred bytes.
    package static let answerLimit = 64 * 1024

    package struct Answer: Equatable {
        package let status: Int
        package let body: String
    }

    /// The response to a GET; nil if the server cannot be reached or does not speak HTTP.
    package static func get(_ path: String, at address: HTTPAddress) -> Answer? { request("GET", path, at: address) }

    /// - Parameters:
    ///   - json: the request's body.
    ///   - headers: further headers.
    package static func request(
        _ method: String, _ path: String, json: [UInt8]? = nil, headers: [(name: String, value: String)] = [],
        at address: HTTPAddress, limit: Int = answerLimit, seconds: Int = timeoutSeconds
    ) -> Answer? {
        // A service that listens on all addresses is reached over loopback.
        let host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        guard let descriptor = connected(to: host, port: address.port, seconds: seconds) else { return nil }
        defer { close(descriptor) }
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n"
        for header in headers where header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) {
            head += "\(header.name): \(header.value)\r\n"
        }
        if let json { head += "Content-Type: application/json\r\nContent-Length: \(json.count)\r\n" }
        guard sendAll(Array((head + "\r\n").utf8) + (json ?? []), to: descriptor) else { return nil }
        return parse(receiveAll(from: descriptor, limit: limit))
    }

    package static func parse(_ bytes: [UInt8]) -> Answer? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let headEnd = text.firstRange(of: "\r\n\r\n"), text.hasPrefix("HTTP/1.") else { return nil }
        let words = text.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count > 1, let status = Int(words[1]) else { return nil }
        return Answer(status: status, body: String(text[headEnd.upperBound...]))
    }

    private static func connected(to host: String, port: UInt16, seconds: Int) -> Int32? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let list = found else { return nil }
        defer { freeaddrinfo(list) }
        let address = list.pointee
        let descriptor = socket(address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var timeout = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, size)
        guard connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func sendAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    private static func receiveAll(from descriptor: Int32, limit: Int) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8_192)
        while received.count < limit {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer.prefix(count)
        }
        return received
    }
}
