/// Takes PUBACKs out of what libmosquitto writes, so that the broker keeps the messages they belong to and sends them again over the
/// next connection. The library itself acknowledges everything that was read or nothing.
///
/// It sees the packets in whatever pieces they come, on a connection without TLS.
struct AcknowledgementFilter {
    private static let puback: UInt8 = 4
    /// A fixed header: type and flags, and at most four bytes of length (MQTT 5, 2.1).
    private static let headerLimit = 5

    /// Packet identifiers whose PUBACK is not sent. The broker does not use them for other messages before it gets one.
    private var withheld: Set<UInt16> = []
    /// The beginning of a packet of which too little has come to know what it is.
    private var head: [UInt8] = []
    /// Bytes of the packet at hand that go on without a look.
    private var bodyLeft = 0

    mutating func withhold(_ identifiers: some Sequence<UInt16>) { withheld.formUnion(identifiers) }

    /// - Returns: what goes to the broker; nil for all of the bytes as they are.
    mutating func filter(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        let isWhole = head.isEmpty && withheld.isEmpty
        var passed: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bodyLeft > 0 {
                let end = min(bytes.count, position + bodyLeft)
                if !isWhole { passed += bytes[position..<end] }
                bodyLeft -= end - position
                position = end
                continue
            }
            head.append(bytes[position])
            position += 1
            guard let body = bodyLength else { continue }
            let isPUBACK = head[0] >> 4 == Self.puback
            // Of a PUBACK the identifier counts, too.
            if isPUBACK, body >= 2, head.count < headerLength + 2 { continue }
            bodyLeft = body - (head.count - headerLength)
            if isPUBACK, body >= 2, isWithheld {
                // Those that the library writes have nothing behind the identifier; with a reason code they would go on.
                if bodyLeft == 0 {
                    head.removeAll(keepingCapacity: true)
                    continue
                }
            }
            if !isWhole { passed += head }
            head.removeAll(keepingCapacity: true)
        }
        guard isWhole else { return passed }
        // What is kept for the next look has not gone on yet.
        return head.isEmpty ? nil : Array(bytes.dropLast(head.count))
    }

    private var headerLength: Int { 1 + lengthBytes }

    /// Bytes of the length in the head, as far as they have come.
    private var lengthBytes: Int {
        var count = 0
        for byte in head.dropFirst() {
            count += 1
            if byte & 0x80 == 0 || count == Self.headerLimit - 1 { break }
        }
        return count
    }

    /// The length that the fixed header tells; nil until it has come as a whole.
    private var bodyLength: Int? {
        var value = 0
        for (index, byte) in head.dropFirst().prefix(Self.headerLimit - 1).enumerated() {
            value |= Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    private var isWithheld: Bool {
        let low = headerLength + 1
        return withheld.contains(UInt16(head[low - 1]) << 8 | UInt16(head[low]))
    }
}
