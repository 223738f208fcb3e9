/// The part of MQTT 3.1.1 that a load generator needs (sections 2 and 3 of the specification), as pure functions of
/// bytes.
///
/// Written by hand, because a general client would dominate the measurement: libmosquitto spends several microseconds
/// and system calls on each message, searches the messages in flight at each publish, and cannot put many packets into
/// one write.
enum MQTTCodec {
    /// A packet that a broker sends. Buffers point into the bytes that were parsed.
    enum Packet {
        case connectionAccepted
        case connectionRefused(code: UInt8)
        /// The return codes, one per filter; 0x80 and above is a refusal.
        case subscribed(packetID: UInt16, codes: UnsafeRawBufferPointer)
        case acknowledged(packetID: UInt16)
        /// `packetID` is 0 for QoS 0, which has none.
        case message(topic: UnsafeRawBufferPointer, payload: UnsafeRawBufferPointer, packetID: UInt16, isRepeat: Bool)
        case pong
    }

    enum ParseResult {
        case packet(Packet, length: Int)
        /// The bytes end before the packet does.
        case incomplete
        /// The bytes are not a packet that a broker may send.
        case malformed
    }

    /// A PUBLISH, and the position of its packet id.
    struct Publish {
        var bytes: [UInt8]
        var packetIDOffset: Int
        var payloadOffset: Int
    }

    /// CONNECT with a clean session and no keep-alive.
    static func connect(clientID: String) -> [UInt8] {
        var body = string("MQTT")
        body += [4, 0b10, 0, 0]
        body += string(clientID)
        return [0x10] + remainingLength(body.count) + body
    }

    /// SUBSCRIBE at QoS 1.
    static func subscribe(packetID: UInt16, filters: [String]) -> [UInt8] {
        var body = [UInt8(packetID >> 8), UInt8(truncatingIfNeeded: packetID)]
        for filter in filters { body += string(filter) + [1] }
        return [0x82] + remainingLength(body.count) + body
    }

    /// PUBLISH at QoS 1, its packet id left zero.
    static func publish(topic: String, payload: [UInt8]) -> Publish {
        let name = string(topic)
        let head = [0x32] + remainingLength(name.count + 2 + payload.count) + name
        return Publish(
            bytes: head + [0, 0] + payload, packetIDOffset: head.count, payloadOffset: head.count + 2)
    }

    /// Bytes of a PUBACK.
    static let acknowledgementLength = 4

    /// Writes a PUBACK to `target`, which has room for `acknowledgementLength` bytes.
    static func writeAcknowledgement(of packetID: UInt16, to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: 0x40, as: UInt8.self)
        target.storeBytes(of: 2, toByteOffset: 1, as: UInt8.self)
        writePacketID(packetID, to: target + 2)
    }

    static func writePacketID(_ packetID: UInt16, to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: UInt8(packetID >> 8), as: UInt8.self)
        target.storeBytes(of: UInt8(truncatingIfNeeded: packetID), toByteOffset: 1, as: UInt8.self)
    }

    /// The first packet in `bytes`.
    static func parse(_ bytes: UnsafeRawBufferPointer) -> ParseResult {
        guard bytes.count >= 2 else { return .incomplete }
        var remaining = 0
        var header = 1
        while true {
            guard header < bytes.count else { return .incomplete }
            let byte = bytes[header]
            remaining |= Int(byte & 0x7f) << (7 * (header - 1))
            header += 1
            if byte & 0x80 == 0 { break }
            guard header <= 4 else { return .malformed }
        }
        let length = header + remaining
        guard bytes.count >= length else { return .incomplete }
        let body = UnsafeRawBufferPointer(rebasing: bytes[header..<length])
        guard let packet = packet(type: bytes[0], body: body) else { return .malformed }
        return .packet(packet, length: length)
    }

    private static func packet(type: UInt8, body: UnsafeRawBufferPointer) -> Packet? {
        switch type >> 4 {
        case 2:
            guard body.count == 2 else { return nil }
            return body[1] == 0 ? .connectionAccepted : .connectionRefused(code: body[1])
        case 3:
            return message(flags: type & 0x0f, body: body)
        case 4:
            guard body.count == 2 else { return nil }
            return .acknowledged(packetID: number(body, 0))
        case 9:
            guard body.count >= 3 else { return nil }
            return .subscribed(packetID: number(body, 0), codes: UnsafeRawBufferPointer(rebasing: body[2...]))
        case 13:
            return body.isEmpty ? .pong : nil
        default:
            return nil
        }
    }

    private static func message(flags: UInt8, body: UnsafeRawBufferPointer) -> Packet? {
        let quality = (flags >> 1) & 3
        guard quality < 2, body.count >= 2 else { return nil }
        let topicEnd = 2 + Int(number(body, 0))
        let payloadStart = topicEnd + (quality == 0 ? 0 : 2)
        guard body.count >= payloadStart else { return nil }
        let packetID = quality == 0 ? 0 : number(body, topicEnd)
        guard quality == 0 || packetID != 0 else { return nil }
        return .message(
            topic: UnsafeRawBufferPointer(rebasing: body[2..<topicEnd]),
            payload: UnsafeRawBufferPointer(rebasing: body[payloadStart...]), packetID: packetID,
            isRepeat: flags & 0b1000 != 0)
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }

    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return [UInt8(bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
    }

    private static func remainingLength(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = count
        repeat {
            let digit = UInt8(rest & 0x7f)
            rest >>= 7
            bytes.append(rest > 0 ? digit | 0x80 : digit)
        } while rest > 0
        return bytes
    }
}
