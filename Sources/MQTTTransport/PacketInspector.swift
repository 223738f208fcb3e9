/// Checks the broker's packets before libmosquitto reads them.
///
/// libmosquitto 2.0.11 trusts its broker: an unknown property ends the process (an assertion in its logging), and it
/// allocates whatever length a packet claims. So packets that no broker may send to this client are refused here: other
/// types, invalid lengths, unknown or misplaced properties (MQTT 5, 2.2.2.2). Checks that the library makes itself,
/// such as UTF-8, are left to it.
///
/// It sees every byte before the library does, and the library acts only on complete packets, so a packet is known to
/// be sound before it has any effect.
struct PacketInspector {
    /// CONNACK, PUBACK, SUBACK and DISCONNECT are short, even with reason texts and user properties.
    static let controlPacketLimit = 1 << 20

    private let version: MQTTVersion
    /// The maximum packet size.
    private let packetLimit: Int
    /// The beginning of a packet whose head is incomplete.
    private var head: [UInt8] = []
    /// Required length of `head` for the next check.
    private var needed = 0
    /// Bytes of the current packet that need no check.
    private var bodyLeft = 0
    private var isAccepted = false

    init(version: MQTTVersion, packetLimit: Int) {
        self.version = version
        self.packetLimit = packetLimit
    }

    /// Checks the next bytes, in pieces of any size. Unusable after an error.
    ///
    /// - Returns: why they must not be passed on; nil if they may.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> PacketFault? {
        do throws(PacketFault) {
            try inspect(bytes)
            return nil
        } catch {
            return error
        }
    }

    private mutating func inspect(_ bytes: UnsafeRawBufferPointer) throws(PacketFault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if bodyLeft > 0 {
                let count = min(bodyLeft, rest.count)
                bodyLeft -= count
                rest = rest.dropFirst(count)
                continue
            }
            if head.isEmpty {
                switch try look(at: UnsafeRawBufferPointer(rebasing: rest)).get() {
                case .needs(let count):
                    head = Array(rest)
                    needed = count
                    return
                case .checked(let type, let headSize, let size):
                    try order(type)
                    rest = rest.dropFirst(headSize)
                    bodyLeft = size - headSize
                }
                continue
            }
            let more = min(needed - head.count, rest.count)
            head.append(contentsOf: rest.prefix(more))
            rest = rest.dropFirst(more)
            guard head.count == needed else { return }
            switch try head.withUnsafeBytes({ look(at: $0) }).get() {
            case .needs(let count):
                needed = count
            case .checked(let type, let headSize, let size):
                try order(type)
                head.removeAll(keepingCapacity: head.capacity <= 4_096)
                bodyLeft = size - headSize
            }
        }
    }

    /// CONNACK comes first, and once.
    private mutating func order(_ type: PacketType) throws(PacketFault) {
        guard (type == .connack) != isAccepted else {
            throw PacketFault(isAccepted ? "a second CONNACK" : "\(type) before CONNACK")
        }
        isAccepted = true
    }

    private enum Step {
        /// The check needs this many bytes of the packet.
        case needs(Int)
        /// The first `head` bytes of a packet of `size` bytes are sound, and the others need no check.
        case checked(PacketType, head: Int, size: Int)
    }

    /// Packets that a broker sends to a client that never publishes at QoS 2, or subscribes at QoS 2.
    private enum PacketType: UInt8 {
        case connack = 2
        case publish = 3
        case puback = 4
        case suback = 9
        case unsuback = 11
        case pingresp = 13
        case disconnect = 14
    }

    private func look(at bytes: UnsafeRawBufferPointer) -> Result<Step, PacketFault> {
        do throws(PacketFault) { return .success(try Self.look(at: bytes, version, packetLimit)) } catch {
            return .failure(error)
        }
    }

    private static func look(
        at bytes: UnsafeRawBufferPointer, _ version: MQTTVersion, _ packetLimit: Int
    ) throws(PacketFault) -> Step {
        guard let first = bytes.first else { return .needs(1) }
        guard let type = PacketType(rawValue: first >> 4), type != .disconnect || version == .v5 else {
            throw PacketFault("a packet of type \(first >> 4), which a broker does not send here")
        }
        let flags = first & 0x0F
        let qos = flags >> 1 & 3
        guard type == .publish ? qos < 2 : flags == 0 else {
            throw PacketFault("\(type) with flags \(flags)")
        }
        guard let (remaining, width) = try variableInteger(bytes, at: 1) else { return .needs(bytes.count + 1) }
        let start = 1 + width
        let size = start + remaining
        let limit = type == .publish ? packetLimit : controlPacketLimit
        guard size <= limit else { throw PacketFault("\(type) of \(size) bytes; the limit is \(limit)") }
        guard type == .publish else {
            guard bytes.count >= size else { return .needs(size) }
            var cursor = PacketCursor(bytes: bytes, position: start, end: size)
            try check(type, &cursor, version)
            return .checked(type, head: size, size: size)
        }
        guard size >= start + 2 else { throw PacketFault("PUBLISH without a topic") }
        guard bytes.count >= start + 2 else { return .needs(start + 2) }
        let topicLength = Int(bytes[start]) << 8 | Int(bytes[start + 1])
        var end = start + 2 + topicLength + (qos > 0 ? 2 : 0)
        guard topicLength > 0, end <= size else { throw PacketFault("PUBLISH with a topic of \(topicLength) bytes") }
        guard version == .v5 else {
            return bytes.count >= end ? .checked(type, head: end, size: size) : .needs(end)
        }
        guard let (length, lengthWidth) = try variableInteger(bytes, at: end) else {
            let count = max(end, bytes.count) + 1
            // The library would act on the whole packet before more arrives.
            guard count <= size else { throw PacketFault("PUBLISH that ends in the length of its properties") }
            return .needs(count)
        }
        let properties = end + lengthWidth
        end = properties + length
        guard end <= size else { throw PacketFault("PUBLISH with \(length) bytes of properties") }
        guard bytes.count >= end else { return .needs(end) }
        var cursor = PacketCursor(bytes: bytes, position: properties, end: end)
        try cursor.checkProperties(.publish)
        return .checked(type, head: end, size: size)
    }

    /// - Returns: nil if bytes are missing.
    private static func variableInteger(
        _ bytes: UnsafeRawBufferPointer, at position: Int
    ) throws(PacketFault) -> (value: Int, width: Int)? {
        var value = 0
        for width in 1...4 {
            guard position + width <= bytes.count else { return nil }
            let byte = bytes[position + width - 1]
            value |= Int(byte & 0x7F) << (7 * (width - 1))
            if byte & 0x80 == 0 { return (value, width) }
        }
        throw PacketFault("a length of more than four bytes")
    }

    private static func check(
        _ type: PacketType, _ cursor: inout PacketCursor, _ version: MQTTVersion
    ) throws(PacketFault) {
        let isV5 = version == .v5
        switch type {
        case .connack:
            guard try cursor.byte() & 0xFE == 0 else { throw PacketFault("CONNACK with unknown flags") }
            _ = try cursor.byte()
            // A broker that does not know MQTT 5 refuses it in the 3.1.1 format.
            if isV5, cursor.left > 0 { try cursor.properties(.connack) }
        case .puback:
            try cursor.packetIdentifier()
            if isV5, cursor.left > 0 { _ = try cursor.byte() }
            if isV5, cursor.left > 0 { try cursor.properties(.acknowledgement) }
        case .suback:
            try cursor.packetIdentifier()
            if isV5 { try cursor.properties(.acknowledgement) }
            guard cursor.left > 0 else { throw PacketFault("SUBACK without a reason code") }
            cursor.skipRest()
        case .unsuback:
            try cursor.packetIdentifier()
            guard isV5 else { break }
            try cursor.properties(.acknowledgement)
            guard cursor.left > 0 else { throw PacketFault("UNSUBACK without a reason code") }
            cursor.skipRest()
        case .pingresp:
            break
        case .disconnect:
            if cursor.left > 0 { _ = try cursor.byte() }
            if cursor.left > 0 { try cursor.properties(.disconnect) }
        case .publish:
            preconditionFailure("PUBLISH is looked at before it has come as a whole")
        }
        guard cursor.left == 0 else { throw PacketFault("\(type) with \(cursor.left) extra bytes") }
    }
}
