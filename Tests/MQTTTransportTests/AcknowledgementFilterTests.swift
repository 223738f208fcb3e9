import Testing

@testable import MQTTTransport

@Suite struct AcknowledgementFilterTests {
    private static func puback(_ identifier: UInt16) -> [UInt8] {
        [0x40, 2, UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
    }

    /// UNSUBSCRIBE, which contains bytes that look like a PUBACK, and a PUBLISH of more than 127 bytes.
    private static let others: [UInt8] =
        [0xA2, 9, 0, 1, 0, 0, 4, 0x40, 2, 0, 7] + [0x32, 0xCC, 0x01, 0, 1, 0x61, 0, 7]
        + [UInt8](repeating: 0x40, count: 199)

    /// The bytes that pass when they arrive in pieces of a given size.
    private func pass(_ bytes: [UInt8], pieces: Int) -> [UInt8] {
        var filter = AcknowledgementFilter()
        var passed: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            passed += piece.withUnsafeBytes { filter.filter($0) }
        }
        #expect(filter.isBetweenPackets)
        return passed
    }

    @Test(arguments: [1, 2, 3, 5, 64, Int.max])
    func `Only the PUBACKs are missing, however the bytes are split`(pieces: Int) {
        let withReason: [UInt8] = [0x40, 4, 1, 7, 0x10, 0]
        let bytes = Self.puback(6) + Self.others + Self.puback(7) + withReason + Self.others + Self.puback(8)
        #expect(pass(bytes, pieces: pieces) == Self.others + Self.others)
    }

    @Test func `Nothing is inserted in the middle of a packet`() {
        var filter = AcknowledgementFilter()
        #expect(filter.isBetweenPackets)
        for end in 1..<11 {
            var half = filter
            let piece = Array(Self.others.prefix(end))
            #expect(piece.withUnsafeBytes { half.filter($0) }.count <= end)
            #expect(!half.isBetweenPackets)
        }
        _ = Array(Self.others.prefix(11)).withUnsafeBytes { filter.filter($0) }
        #expect(filter.isBetweenPackets)
    }
}
