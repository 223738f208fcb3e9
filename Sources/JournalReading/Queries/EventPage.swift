/// Events, or other elements, written for a page.
struct EventPage {
    /// Records read at a time: a page that takes a few must not read thousands of large payloads.
    var step: Int { bytes < 1 << 20 ? 16 : 128 }

    let limit: Int
    private let bytes: Int
    var events: [[UInt8]] = []
    private(set) var written = 0

    init(limit: Int, bytes: Int) {
        self.limit = limit
        self.bytes = bytes
    }

    var isFull: Bool { events.count >= limit || written >= bytes }

    /// False if the event does not fit; the first always does.
    mutating func add(_ event: [UInt8]) -> Bool {
        guard events.isEmpty || written + event.count <= bytes else {
            written = max(written, bytes)
            return false
        }
        events.append(event)
        written += event.count
        return true
    }

    /// The elements as a JSON array.
    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(events.reduce(2) { $0 + $1.count + 1 })
        bytes.append(UInt8(ascii: "["))
        for (index, event) in events.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += event
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }

    /// Links to read next: few while everything may match, more if little does.
    func step(_ scanned: Int) -> Int {
        scanned > 4 * limit ? ConversationChain.step : max(1, min(limit - events.count, ConversationChain.step))
    }
}
