import Foundation
import Glibc
import Signals
import TestSupport

/// Reads a live stream for a moment, as a browser does: events with their ids.
enum EventReader {
    struct Event: Sendable, Equatable {
        let id: Int64
        let type: String
        /// The signal's id.
        let signal: String
    }

    /// Connects and reads until the last wanted event, the end of the connection, or three seconds without data.
    ///
    /// The socket blocks, so this runs on a thread of its own.
    static func read(
        _ path: String, after: Int64, port: Int, until isLast: @escaping @Sendable (Event) -> Bool
    ) async -> [Event] {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: readBlocking(path, after: after, port: port, until: isLast))
            }
        }
    }

    private static func readBlocking(
        _ path: String, after: Int64, port: Int, until isLast: (Event) -> Bool
    ) -> [Event] {
        guard let connection = connectToLoopback(port: port) else { return [] }
        defer { close(connection) }
        var timeout = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let request = Array(
            "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nLast-Event-ID: \(after)\r\nAccept: text/event-stream\r\n\r\n"
                .utf8)
        guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return [] }
        var events: [Event] = []
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 {
            received += buffer.prefix(count)
            events = parse(body(of: received))
            if let last = events.firstIndex(where: isLast) { return Array(events[...last]) }
        }
        return events
    }

    /// The complete chunks of a chunked body (RFC 9112, section 7.1).
    private static func body(of response: [UInt8]) -> [UInt8] {
        let end = Array("\r\n\r\n".utf8)
        guard let headEnd = response.firstRange(of: end)?.upperBound else { return [] }
        var rest = response[headEnd...]
        var body: [UInt8] = []
        while let line = rest.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16), size > 0,
            rest.endIndex - line.upperBound >= size + 2
        {
            body += rest[line.upperBound..<line.upperBound + size]
            rest = rest[(line.upperBound + size + 2)...]
        }
        return body
    }

    private static func parse(_ body: [UInt8]) -> [Event] {
        // Everything after the last empty line is incomplete.
        String(decoding: body, as: UTF8.self).components(separatedBy: "\n\n").dropLast().compactMap { block in
            var id: Int64?
            var data = ""
            for line in block.split(separator: "\n") {
                if line.hasPrefix("id: ") { id = Int64(line.dropFirst(4)) }
                if line.hasPrefix("data: ") { data += line.dropFirst(6) + "\n" }
            }
            guard let id, let envelope = JSONObjectView(Array(data.utf8)) else { return nil }
            return Event(id: id, type: envelope["type"]?.string ?? "", signal: envelope["id"]?.string ?? "")
        }
    }
}
