import ConveyRuntime
import FlyingFox
import FlyingSocks
import Foundation

/// The body of a live stream: server-sent events (WHATWG HTML, section 9.2), written as the client takes them.
struct EventStream: AsyncBufferedSequence {
    typealias Element = UInt8

    /// How often something is sent when nothing happens: proxies and browsers give up on silent connections, and a client
    /// that is gone is noticed only by sending.
    static let heartbeat = Duration.seconds(15)
    /// Milliseconds after which a browser connects again.
    static let retryMilliseconds = 1_000

    /// Makes the events; asked once.
    let events: @Sendable () -> LiveEvents
    /// Whether who asked may still see them; asked at each heartbeat and page.
    let isAllowed: @Sendable () -> Bool

    func makeAsyncIterator() -> Iterator { Iterator(events: events(), isAllowed: isAllowed) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        private let events: LiveEvents
        private let isAllowed: @Sendable () -> Bool
        private var hasBegun = false

        fileprivate init(events: LiveEvents, isAllowed: @escaping @Sendable () -> Bool) {
            self.events = events
            self.isAllowed = isAllowed
        }

        /// Not used: FlyingFox reads by buffers.
        mutating func next() async throws -> UInt8? { nil }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            guard hasBegun else {
                hasBegun = true
                // The first bytes at once: only then does a browser know that it is connected.
                return Array("retry: \(EventStream.retryMilliseconds)\n\n".utf8)
            }
            guard isAllowed() else { return nil }
            switch try await events.next(within: EventStream.heartbeat) {
            case .quiet: return Array(":\n\n".utf8)
            case .events(let events):
                var bytes: [UInt8] = []
                bytes.reserveCapacity(events.reduce(0) { $0 + $1.envelope.count + 32 })
                for event in events { ServerSentEvent.append(id: event.offset, data: event.envelope, to: &bytes) }
                return bytes
            }
        }
    }
}

/// One event as it goes over the wire.
enum ServerSentEvent {
    /// Appends `id: …`, the data, one `data: …` a line of it, and the empty line that ends an event.
    static func append(id: Int64, data: [UInt8], to bytes: inout [UInt8]) {
        bytes += "id: \(id)\ndata: ".utf8
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
