import ConveyQueries

/// The body of a live stream: server-sent events (WHATWG HTML, section 9.2), written as the client takes them.
struct EventStream {
    /// How often something is sent when nothing happens: proxies and browsers give up on silent connections, and a client
    /// that has vanished is noticed only by sending.
    static let heartbeat = Duration.seconds(15)
    /// Milliseconds after which a browser connects again.
    static let retryMilliseconds = 1_000

    let events: LiveEvents

    /// Writes until its task is cancelled. Throws `CancellationError`, or what `send` throws.
    func write(_ send: HTTPResponseBody.Send) async throws {
        // The first bytes at once: only then does a browser know that it is connected.
        try await send(Array("retry: \(Self.retryMilliseconds)\n\n".utf8))
        while true { try await send(try await next()) }
    }

    /// What is to be sent next. The events themselves are let go of before it is: a reader who stalls holds them once.
    private func next() async throws -> [UInt8] {
        switch try await events.next(within: Self.heartbeat) {
        case .quiet: return Array(":\n\n".utf8)
        case .events(let events):
            var bytes: [UInt8] = []
            bytes.reserveCapacity(events.reduce(0) { $0 + $1.envelope.count + 32 })
            for event in events { ServerSentEvent.append(id: event.offset, data: event.envelope, to: &bytes) }
            return bytes
        }
    }
}

/// One event as it goes over the wire.
enum ServerSentEvent {
    /// Appends `id: …`, the data, one `data: …` a line of it, and the empty line that ends an event.
    static func append(id: Int64, data: [UInt8], to bytes: inout [UInt8]) {
        bytes += "id: \(id)\ndata: ".utf8
        // As most are: JSON on one line.
        guard data.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) else {
            bytes += data
            bytes += "\n\n".utf8
            return
        }
        var previous: UInt8 = 0
        for byte in data {
            switch byte {
            case UInt8(ascii: "\n") where previous == UInt8(ascii: "\r"): break
            // Between JSON's tokens, where a line may break anywhere: clients put the lines together again.
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"): bytes += "\ndata: ".utf8
            default: bytes.append(byte)
            }
            previous = byte
        }
        bytes += "\n\n".utf8
    }
}
