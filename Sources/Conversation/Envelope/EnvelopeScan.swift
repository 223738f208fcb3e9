/// Where an envelope's attributes stand in its bytes, found in one pass that also checks them to be JSON.
struct EnvelopeScan {
    /// Attributes of one object by their names; the last one wins where a name is repeated.
    struct Attributes {
        private var slots = InlineArray<21, JSONSlot?>(repeating: nil)
        /// Members with other names, in order.
        var others: [JSONMember] = []

        subscript(_ name: AttributeName) -> JSONSlot? {
            get { slots[name.rawValue] }
            set { slots[name.rawValue] = newValue }
        }
    }

    /// The members of `data` that the contract looks at.
    struct Payload {
        private var slots = InlineArray<10, JSONSlot?>(repeating: nil)
        var isEmpty = true

        subscript(_ key: PayloadKey) -> JSONSlot? {
            get { slots[key.rawValue] }
            set { slots[key.rawValue] = newValue }
        }
    }

    /// The envelope's own members.
    var top = Attributes()
    /// The members of its `extensions` object, an alias form.
    var extensions = Attributes()
    var payload = Payload()

    /// Reads a text that must be one JSON object.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        var scanner = try JSONScanner(bytes)
        let base = scanner.base
        _ = try scanner.members { key, scanner throws(JSONError) in
            switch AttributeName(base, key: key) {
            case .data:
                payload = Payload()
                if try scanner.nextKind() == .object {
                    top[.data] = try scanner.members { key, scanner throws(JSONError) in
                        let name = PayloadKey(base, key: key)
                        let value = try scanner.value()
                        payload.isEmpty = false
                        if let name { payload[name] = value }
                    }
                } else {
                    top[.data] = try scanner.value()
                }
            case .extensions:
                extensions = Attributes()
                if try scanner.nextKind() == .object {
                    top[.extensions] = try scanner.members { key, scanner throws(JSONError) in
                        try Self.read(base, key: key, from: &scanner, into: &extensions)
                    }
                } else {
                    top[.extensions] = try scanner.value()
                }
            case .some(let name):
                top[name] = try scanner.value()
            case .none:
                top.others.append(JSONMember(key: key, value: try scanner.value()))
            }
        }
        try scanner.finish()
    }

    private static func read(
        _ base: UnsafeRawPointer, key: JSONSlot, from scanner: inout JSONScanner, into attributes: inout Attributes
    ) throws(JSONError) {
        let name = AttributeName(base, key: key)
        let value = try scanner.value()
        if let name {
            attributes[name] = value
        } else {
            attributes.others.append(JSONMember(key: key, value: value))
        }
    }
}
