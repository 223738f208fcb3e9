import Testing

@testable import MQTTTransport

@Suite struct PacketInspectorTests {
    static let connack: [UInt8] = [0x20, 3, 0, 0, 0]
    /// PUBLISH at QoS 1 to `a/b` with a content type, a user property and the payload `{}`.
    static let publish: [UInt8] =
        [0x32, 22, 0, 3] + Array("a/b".utf8) + [0, 7] + [12, 0x03, 0, 2, 0x78, 0x79, 0x26, 0, 1, 0x6B, 0, 1, 0x76]
        + Array("{}".utf8)
    static let sound: [[UInt8]] = [
        publish, [0x30, 5, 0, 1, 0x61, 0, 0x78], [0x40, 2, 0, 1], [0x40, 3, 0, 1, 0x10], [0x40, 4, 0, 1, 0, 0],
        [0x90, 4, 0, 1, 0, 1], [0x90, 9, 0, 1, 5, 0x1F, 0, 2, 0x6E, 0x6F, 0x87], [0xD0, 0], [0xE0, 0], [0xE0, 1, 0x8B],
        [0xE0, 5, 0x8B, 3, 0x1F, 0, 0],
    ]

    /// The reason for which the bytes are refused, given in pieces of a size.
    private func fault(_ bytes: [UInt8], pieces: Int = .max, _ version: MQTTVersion = .v5) -> String? {
        var inspector = PacketInspector(version: version, packetLimit: 1 << 20)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            if let fault = piece.withUnsafeBytes({ inspector.take($0) }) { return fault.reason }
        }
        return nil
    }

    @Test(arguments: [1, 2, 3, 5, 7, 64, Int.max])
    func `Packets that a broker may send pass, however they are split`(pieces: Int) {
        #expect(fault(Self.connack + Self.sound.flatMap { $0 } + Self.sound.flatMap { $0 }, pieces: pieces) == nil)
        let refusal: [UInt8] = [0x20, 2, 0, 1]
        #expect(fault(refusal, pieces: pieces) == nil)
        #expect(fault([0x20, 2, 1, 0, 0x30, 4, 0, 1, 0x61, 0x78, 0x40, 2, 0, 9], pieces: pieces, .v311) == nil)
        let large = [0x30, 0xE6, 0x07, 0, 1, 0x61, 0] + [UInt8](repeating: 1, count: 994)
        #expect(fault(Self.connack + large + large, pieces: pieces) == nil)
    }

    static let broken: [(String, [UInt8])] = [
        ("no CONNACK first", publish), ("a second CONNACK", connack + connack),
        ("an unknown property in CONNACK", [0x20, 5, 0, 0, 2, 0x7F, 0]),
        ("an unknown property in CONNACK, of two bytes", [0x20, 5, 0, 0, 2, 0xFF, 1]),
        ("flags in CONNACK", [0x20, 3, 2, 0, 0]), ("properties longer than CONNACK", [0x20, 3, 0, 0, 9]),
        ("an unknown property in PUBLISH", connack + [0x30, 6, 0, 1, 0x61, 2, 0xFF, 0]),
        ("a property of CONNACK in PUBLISH", connack + [0x30, 7, 0, 1, 0x61, 3, 0x21, 0, 9]),
        ("a topic alias", connack + [0x30, 7, 0, 1, 0x61, 3, 0x23, 0, 1]),
        ("a content type twice", connack + [0x30, 12, 0, 1, 0x61, 8, 3, 0, 1, 0x61, 3, 0, 1, 0x61]),
        ("a text longer than the properties", connack + [0x30, 8, 0, 1, 0x61, 4, 3, 0, 9, 0x61]),
        ("properties longer than PUBLISH", connack + [0x30, 4, 0, 1, 0x61, 9]),
        ("PUBLISH without properties", connack + [0x30, 3, 0, 1, 0x61]),
        ("PUBLISH that ends in a length", connack + [0x30, 4, 0, 1, 0x61, 0x80]),
        ("PUBLISH of one byte", connack + [0x30, 1, 0]), ("PUBLISH of none", connack + [0x30, 0]),
        ("PUBLISH without a topic", connack + [0x30, 3, 0, 0, 0]),
        ("a topic longer than PUBLISH", connack + [0x30, 4, 0, 9, 0x61, 0]),
        ("QoS 2", connack + [0x34, 6, 0, 1, 0x61, 0, 1, 0]), ("QoS 3", connack + [0x36, 6, 0, 1, 0x61, 0, 1, 0]),
        ("PUBACK without an id", connack + [0x40, 2, 0, 0]), ("PUBACK of one byte", connack + [0x40, 1, 0]),
        ("PUBACK with more than properties", connack + [0x40, 5, 0, 1, 0, 0, 9]),
        ("flags in PUBACK", connack + [0x41, 2, 0, 1]), ("SUBACK without codes", connack + [0x90, 3, 0, 1, 0]),
        ("PINGRESP with bytes", connack + [0xD0, 1, 0]),
        ("a length of five bytes", connack + [0x30, 0x80, 0x80, 0x80, 0x80, 1]),
        ("a packet larger than the limit", connack + [0x30, 0xFF, 0xFF, 0xFF, 0x7F]),
        ("a SUBACK of megabytes", connack + [0x90, 0xFF, 0xFF, 0xFF, 0x7F]),
    ]

    @Test(arguments: PacketInspectorTests.broken)
    func `Packets that no broker may send are refused before their last byte passes`(what: String, bytes: [UInt8]) {
        for pieces in [1, 2, 3, Int.max] { #expect(fault(bytes, pieces: pieces) != nil, "\(what), \(pieces)") }
    }

    @Test func `Packets that only clients send are refused`() {
        for type in [0, 1, 5, 6, 7, 8, 10, 11, 12, 15] as [UInt8] {
            let flags: UInt8 = [6, 8, 10].contains(type) ? 2 : 0
            #expect(fault(Self.connack + [type << 4 | flags, 2, 0, 1]) != nil, "\(type)")
        }
        #expect(fault([0x20, 2, 0, 0, 0xE0, 0], .v311) != nil)
    }
}
