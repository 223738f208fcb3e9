/// Where an envelope's attributes stand in its bytes, found in one pass that also checks them to be JSON. Must not outlive
/// the bytes; not copyable, because it is large and stands on the hot path.
struct EnvelopeScan: ~Copyable {
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

    let base: UnsafeRawPointer
    /// The envelope's own members.
    private(set) var top = Attributes()
    /// The members of its `extensions` object, an alias form: one element where there is one, else none (so that the
    /// usual envelope does not carry an empty set of slots around).
    private var extensionObject: [Attributes] = []
    private(set) var payload = Payload()

    /// Reads text that must be exactly one JSON object.
    static func read(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) -> EnvelopeScan {
        var scanner = try JSONScanner(bytes)
        var scan = EnvelopeScan(base: scanner.base)
        try scan.read(&scanner)
        return scan
    }

    private init(base: UnsafeRawPointer) { self.base = base }

    private mutating func read(_ scanner: inout JSONScanner) throws(JSONError) {
        let base = self.base
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
                extensionObject = []
                if try scanner.nextKind() == .object {
                    var extensions = Attributes()
                    top[.extensions] = try scanner.members { key, scanner throws(JSONError) in
                        try Self.read(base, key: key, from: &scanner, into: &extensions)
                    }
                    extensionObject = [extensions]
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

    /// An attribute in the `extensions` object.
    func inExtensions(_ name: AttributeName) -> JSONSlot? {
        extensionObject.isEmpty ? nil : extensionObject[0][name]
    }

    /// Lets the members of the `extensions` object stand for attributes that the envelope itself does not have. (Causes and
    /// versions have an order of their own, see `ContractCheck`.)
    mutating func adoptExtensions() {
        guard let members = extensionObject.first else { return }
        let names: [AttributeName] = [
            .id, .source, .type, .subject, .time, .specversion, .datacontenttype, .dataschema, .conversationIDAlias,
            .projectIDAlias,
        ]
        for name in names where top[name] == nil || top[name]?.kind == .null {
            if let value = members[name] { top[name] = value }
        }
    }

    /// Members of the `extensions` object that are not known attributes.
    var otherExtensions: [JSONMember] { extensionObject.first?.others ?? [] }

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
