import ConveyQueries
import HTTPServing

/// The body of a live stream: server-sent events (WHATWG HTML, section 9.2), written as fast as the client reads.
struct EventStream {
    /// Interval of comments when nothing happens. Proxies and browsers close silent connections, and only sending
    /// reveals that a client has vanished.
    static let heartbeat = Duration.seconds(15)
    /// Milliseconds after which a browser reconnects.
    static let retryMilliseconds = 1_000

    let events: LiveEvents

    /// Writes until its task is cancelled. Throws `CancellationError`, or what `send` throws.
    func write(_ send: HTTPResponseBody.Send) async throws {
        // Browsers consider a stream connected once the first bytes arrive.
        try await send(Array("retry: \(Self.retryMilliseconds)\n\n".utf8))
        while true { try await send(try await next()) }
    }

    /// The next bytes. The events are released before the bytes are sent, so that a stalled reader holds them only once.
    private func next() async throws -> [UInt8] {
        switch try await events.next(within: Self.heartbeat) {
        case .quiet: return Array(":\n\n".utf8)
        case .events(let events):
            var bytes: [UInt8] = []
            bytes.reserveCapacity(events.reduce(0) { $0 + $1.envelope.count + 32 })
            for event in events { Self.append(id: event.offset, data: event.envelope, to: &bytes) }
            return bytes
        }
    }

    /// Appends an event: `id: …`, one `data: …` per line of the data, and an empty line.
    static func append(id: Int64, data: [UInt8], to bytes: inout [UInt8]) {
        bytes += "id: \(id)\ndata: ".utf8
        // The usual case: JSON on one line.
        guard data.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
            bytes += data
            bytes += "\n\n".utf8
            return
        }
        var previous: UInt8 = 0
        for byte in data {
            switch byte {
            case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
            // JSON has line ends only between tokens; clients join the lines again.
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): bytes += "\ndata: ".utf8
            default: bytes.append(byte)
            }
            previous = byte
        }
        bytes += "\n\n".utf8
    }
}
