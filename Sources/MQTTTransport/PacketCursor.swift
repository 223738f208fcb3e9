/// Reads the fields of one packet.
struct PacketCursor {
    /// The kind of packet that contains a property.
    enum Place: UInt8 {
        case publish = 1
        case connack = 2
        case acknowledgement = 4
        case disconnect = 8
    }

    let bytes: UnsafeRawBufferPointer
    var position: Int
    let end: Int

    var left: Int { end - position }

    mutating func byte() throws(PacketFault) -> UInt8 {
        guard left > 0 else { throw PacketFault("a truncated packet") }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func skip(_ count: Int) throws(PacketFault) {
        guard left >= count else { throw PacketFault("a truncated packet") }
        position += count
    }

    mutating func skipRest() { position = end }

    private mutating func length() throws(PacketFault) -> Int {
        let high = try byte()
        return Int(high) << 8 | Int(try byte())
    }

    private mutating func variableInteger() throws(PacketFault) -> Int {
        var value = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            let byte = try byte()
            value |= Int(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw PacketFault("a length of more than four bytes")
    }

    mutating func packetIdentifier() throws(PacketFault) {
        guard try length() > 0 else { throw PacketFault("a packet identifier of 0") }
    }

    /// The length of the properties, and the properties.
    mutating func properties(_ place: Place) throws(PacketFault) {
        let length = try variableInteger()
        guard length <= left else { throw PacketFault("properties that are longer than their packet") }
        var inner = PacketCursor(bytes: bytes, position: position, end: position + length)
        try inner.checkProperties(place)
        position += length
    }

    /// All properties up to the end.
    mutating func checkProperties(_ place: Place) throws(PacketFault) {
        var seen: UInt64 = 0
        while left > 0 {
            // Every existing identifier takes one byte.
            let identifier = try byte()
            guard let property = Self.known(identifier), property.places & place.rawValue != 0 else {
                throw PacketFault("the property \(identifier) in \(place)")
            }
            if !property.mayRepeat {
                guard seen & 1 << UInt64(identifier) == 0 else { throw PacketFault("the property \(identifier) twice") }
                seen |= 1 << UInt64(identifier)
            }
            switch property.form {
            case .fixed(let width): try skip(width)
            case .text: try skip(try length())
            case .pair:
                try skip(try length())
                try skip(try length())
            case .variable: _ = try variableInteger()
            }
        }
    }

    private enum Form {
        case fixed(Int)
        case text
        case pair
        case variable
    }

    /// The properties that a broker may send to a client without a topic alias maximum and without enhanced authentication
    /// (MQTT 5, 2.2.2.2); nil for any other.
    private static func known(_ identifier: UInt8) -> (form: Form, places: UInt8, mayRepeat: Bool)? {
        let publish = Place.publish.rawValue
        let connack = Place.connack.rawValue
        return switch identifier {
        case 0x01: (.fixed(1), publish, false)  // payload format
        case 0x02: (.fixed(4), publish, false)  // message expiry
        case 0x03, 0x08, 0x09: (.text, publish, false)  // content type, response topic, correlation data
        case 0x0B: (.variable, publish, true)  // subscription identifier
        case 0x11, 0x27: (.fixed(4), connack, false)  // session expiry, maximum packet size
        case 0x12, 0x1A: (.text, connack, false)  // assigned client id, response information
        case 0x13, 0x21, 0x22: (.fixed(2), connack, false)  // keep alive, receive and topic alias maximum
        case 0x1C: (.text, connack | Place.disconnect.rawValue, false)  // server reference
        case 0x1F: (.text, ~publish, false)  // reason string
        case 0x24, 0x25, 0x28, 0x29, 0x2A: (.fixed(1), connack, false)  // the broker's capabilities
        case 0x26: (.pair, .max, true)  // user property
        default: nil
        }
    }
}
