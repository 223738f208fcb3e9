/// Removes the PUBACKs from libmosquitto's output. The library acknowledges each message as it reads it; instead,
/// PUBACKs are written when the caller asks for them (`GuardedSocket.acknowledge`).
///
/// It accepts packets in pieces of any size, on a connection without TLS.
struct AcknowledgementFilter {
    private static let puback: UInt8 = 4
    /// A fixed header: type and flags, and at most four bytes of length (MQTT 5, 2.1).
    private static let headerLimit = 5

    /// The incomplete beginning of a fixed header.
    private var head: [UInt8] = []
    /// Remaining bytes of the current packet after its fixed header.
    private var bodyLeft = 0
    /// Whether the current packet is a PUBACK.
    private var isPUBACK = false

    /// Whether the bytes so far end with a packet, so that others may be inserted.
    var isBetweenPackets: Bool { head.isEmpty && bodyLeft == 0 }

    /// - Returns: the bytes for the broker.
    mutating func filter(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var passed: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bodyLeft > 0 {
                let end = min(bytes.count, position + bodyLeft)
                if !isPUBACK { passed += bytes[position..<end] }
                bodyLeft -= end - position
                position = end
                continue
            }
            head.append(bytes[position])
            position += 1
            guard let body = bodyLength else { continue }
            isPUBACK = head[0] >> 4 == Self.puback
            bodyLeft = body
            if !isPUBACK { passed += head }
            head.removeAll(keepingCapacity: true)
        }
        return passed
    }

    /// The length in the fixed header; nil until the header is complete.
    private var bodyLength: Int? {
        var value = 0
        for (index, byte) in head.dropFirst().prefix(Self.headerLimit - 1).enumerated() {
            value |= Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
