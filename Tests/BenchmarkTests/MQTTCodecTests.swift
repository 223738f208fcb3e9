import Testing

@testable import bench

@Suite("The generator's MQTT")
struct MQTTCodecTests {
    private enum Parsed: Equatable {
        case accepted, pong, incomplete, malformed
        case refused(UInt8)
        case subscribed(UInt16, [UInt8])
        case acknowledged(UInt16)
        case message(topic: String, payload: String, packetID: UInt16, isRepeat: Bool)
    }

    private func parse(_ bytes: [UInt8]) -> (Parsed, length: Int) {
        bytes.withUnsafeBytes { buffer in
            switch MQTTCodec.parse(buffer) {
            case .incomplete: return (.incomplete, 0)
            case .malformed: return (.malformed, 0)
            case .packet(let packet, let length):
                switch packet {
                case .connectionAccepted: return (.accepted, length)
                case .connectionRefused(let code): return (.refused(code), length)
                case .subscribed(let packetID, let codes): return (.subscribed(packetID, Array(codes)), length)
                case .acknowledged(let packetID): return (.acknowledged(packetID), length)
                case .pong: return (.pong, length)
                case .message(let topic, let payload, let packetID, let isRepeat):
                    let texts = (String(decoding: topic, as: UTF8.self), String(decoding: payload, as: UTF8.self))
                    return (.message(topic: texts.0, payload: texts.1, packetID: packetID, isRepeat: isRepeat), length)
                }
            }
        }
    }

    @Test("CONNECT follows the specification, with a clean session and no keep-alive")
    func connect() {
        let name: [UInt8] = [0, 4] + Array("MQTT".utf8)
        #expect(MQTTCodec.connect(clientID: "ab") == [0x10, 14] + name + [4, 2, 0, 0, 0, 2, 0x61, 0x62])
    }

    @Test("SUBSCRIBE asks for QoS 1 for each filter")
    func subscribe() {
        let expected: [UInt8] = [0x82, 9, 0x01, 0x02, 0, 1, 0x61, 1, 0, 0, 1]
        #expect(MQTTCodec.subscribe(packetID: 0x0102, filters: ["a", ""]) == expected)
    }

    @Test("A PUBLISH is read as it was written, whatever its length", arguments: [0, 1, 100, 117, 118, 16_380, 70_000])
    func publish(length: Int) {
        let payload = (0..<length).map { UInt8(0x20 + $0 % 64) }
        var publish = MQTTCodec.publish(topic: "conv/in/x", payload: payload)
        publish.bytes.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { MQTTCodec.writePacketID(0xabcd, to: base + publish.packetIDOffset) }
        }
        let expected = Parsed.message(
            topic: "conv/in/x", payload: String(decoding: payload, as: UTF8.self), packetID: 0xabcd, isRepeat: false)
        // A difference is not printed: it would be the payload.
        let isSame = parse(publish.bytes + [0xd0, 0]) == (expected, publish.bytes.count)
        #expect(isSame)
        #expect(publish.payloadOffset == publish.bytes.count - length)
    }

    @Test("A packet is incomplete until its last byte arrives")
    func incomplete() {
        let bytes = MQTTCodec.publish(topic: "t", payload: Array(repeating: 1, count: 200)).bytes
        for count in 0..<bytes.count where parse(Array(bytes.prefix(count))).0 != .incomplete {
            Issue.record("\(count) of \(bytes.count) bytes were taken for a packet")
        }
    }

    @Test("A PUBACK written is the PUBACK that is read")
    func acknowledgement() {
        var bytes = [UInt8](repeating: 0, count: MQTTCodec.acknowledgementLength)
        bytes.withUnsafeMutableBytes {
            if let base = $0.baseAddress { MQTTCodec.writeAcknowledgement(of: 65_535, to: base) }
        }
        #expect(parse(bytes) == (.acknowledged(65_535), 4))
    }

    @Test("The broker's answers are distinguished")
    func answers() {
        #expect(parse([0x20, 2, 0, 0]) == (.accepted, 4))
        #expect(parse([0x20, 2, 0, 5]) == (.refused(5), 4))
        #expect(parse([0x90, 4, 0, 7, 1, 0x80]) == (.subscribed(7, [1, 0x80]), 6))
        #expect(parse([0xd0, 0]) == (.pong, 2))
    }

    @Test("A repeat is known by its flag, and QoS 0 has no packet id")
    func flags() {
        #expect(parse([0x3a, 5, 0, 1, 0x61, 0, 9]).0 == .message(topic: "a", payload: "", packetID: 9, isRepeat: true))
        #expect(
            parse([0x30, 4, 0, 1, 0x61, 0x62]).0 == .message(topic: "a", payload: "b", packetID: 0, isRepeat: false))
    }

    @Test(
        "A packet that no broker may send is malformed",
        arguments: [
            [0x10, 0], [0x32, 1, 0], [0x32, 3, 0, 9, 0x61], [0x32, 5, 0, 1, 0x61, 0, 0], [0x34, 5, 0, 1, 0x61, 0, 1],
            [0x40, 3, 0, 1, 0], [0xd0, 0xff, 0xff, 0xff, 0xff, 1],
        ])
    func malformed(bytes: [UInt8]) {
        #expect(parse(bytes).0 == .malformed)
    }
}
