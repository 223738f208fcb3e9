/// Takes the PUBACKs out of what libmosquitto writes. The library acknowledges each message as it reads it; here they are written when
/// the caller says so (`GuardedSocket.acknowledge`).
///
/// It sees the packets in whatever pieces they come, on a connection without TLS.
struct AcknowledgementFilter {
    private static let puback: UInt8 = 4
    /// A fixed header: type and flags, and at most four bytes of length (MQTT 5, 2.1).
    private static let headerLimit = 5

    /// The beginning of a fixed header.
    private var head: [UInt8] = []
    /// Bytes of the packet at hand behind its fixed header.
    private var bodyLeft = 0
    /// The packet at hand is a PUBACK.
    private var isPUBACK = false

    /// Whether the bytes so far end with a packet: others may be put in here.
    var isBetweenPackets: Bool { head.isEmpty && bodyLeft == 0 }

    /// - Returns: what goes to the broker.
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

    /// The length that the fixed header tells; nil until it has come as a whole.
    private var bodyLength: Int? {
        var value = 0
        for (index, byte) in head.dropFirst().prefix(Self.headerLimit - 1).enumerated() {
            value |= Int(byte & 0x7F) << (7 * index)
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
