import Testing

@testable import MQTTTransport

@Suite struct AcknowledgementFilterTests {
    private static func puback(_ identifier: UInt16) -> [UInt8] {
        [0x40, 2, UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
    }

    /// UNSUBSCRIBE, which holds what looks like a PUBACK, and a PUBLISH of more than 127 bytes.
    private static let others: [UInt8] =
        [0xA2, 9, 0, 1, 0, 0, 4, 0x40, 2, 0, 7] + [0x32, 0xCC, 0x01, 0, 1, 0x61, 0, 7]
        + [UInt8](repeating: 0x40, count: 199)

    /// What passes when the bytes come in pieces of a size.
    private func pass(_ bytes: [UInt8], pieces: Int, withholding: [UInt16]) -> [UInt8] {
        var filter = AcknowledgementFilter()
        filter.withhold(withholding)
        var passed: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            passed += piece.withUnsafeBytes { filter.filter($0) } ?? piece
        }
        return passed
    }

    @Test(arguments: [1, 2, 3, 5, 64, Int.max])
    func `Only the PUBACKs that are withheld are missing, in whatever pieces they come`(pieces: Int) {
        let bytes = Self.puback(6) + Self.others + Self.puback(7) + Self.puback(0x0107) + Self.others + Self.puback(8)
        let expected = Self.puback(6) + Self.others + Self.puback(0x0107) + Self.others + Self.puback(8)
        #expect(pass(bytes, pieces: pieces, withholding: [7]) == expected)
        #expect(pass(bytes, pieces: pieces, withholding: []) == bytes)
    }

    @Test func `What is withheld from the middle of a packet on holds from the next one on`() {
        var filter = AcknowledgementFilter()
        let first = Array(Self.others.prefix(100))
        #expect((first.withUnsafeBytes { filter.filter($0) } ?? first) == first)
        filter.withhold([7])
        let rest = Self.others.dropFirst(100) + Self.puback(7) + Self.puback(9)
        #expect(rest.withUnsafeBytes { filter.filter($0) } == Array(Self.others.dropFirst(100)) + Self.puback(9))
    }
}
