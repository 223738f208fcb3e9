/// The requirements of the edges (MQTT, HTTP) on attributes, so that everything published from them is a valid
/// CloudEvent. One rule holds for every attribute: null means absent, and a given value must have the right kind and
/// must not be blank.
///
/// The order of checks is that of `Contract`; these checks refuse with the code `attribute_invalid:NAME`.
extension EnvelopeScan {
    /// The id that the producer gave: a text, or a number as spelled, so that a redelivered message keeps its id.
    func identifier() throws(Rejection) -> String? {
        guard let slot = top[.id] else { return nil }
        switch slot.kind {
        case .null: return nil
        case .string: return JSONText.string(base, slot)
        case .integer, .fraction: return String(decoding: JSONText.bytes(base, slot.range), as: UTF8.self)
        case .true, .false, .array, .object: throw Self.invalid(.id, "must be a string, or a number")
        }
    }

    /// - Parameter source: the given or default source; defaults are valid.
    func checkSource(_ source: String) throws(Rejection) {
        guard !isAbsent(.source, orNull: true), !URIReference.isValid(source) else { return }
        throw Self.invalid(
            .source, "must be a URI reference, like /shop/till-4 or urn:shop:till-4; other bytes become %XX")
    }

    /// The attributes without a check of their own.
    func checkEdge() throws(Rejection) {
        if let contentType = try givenText(.datacontenttype), !Self.isMediaType(contentType) {
            throw Self.invalid(.datacontenttype, "must be a media type, like application/json")
        }
        if let schema = try givenText(.dataschema), !URIReference.isValid(schema, needsScheme: true) {
            throw Self.invalid(.dataschema, "must be an absolute URI, like https://example.org/order.json")
        }
        _ = try givenText(.conversationIDAlias)
        _ = try givenText(.projectIDAlias)
        if let extensions = top[.extensions], extensions.kind != .object, extensions.kind != .null {
            throw Self.invalid(.extensions, "must be an object of attributes")
        }
    }

    /// The time as it is published.
    func edgeTime() throws(Rejection) -> String? {
        guard let given = try givenText(.time) else { return nil }
        guard given.utf8.count <= AttributeText.maximumTimeBytes, let time = EventTime.canonical(given) else {
            throw Self.invalid(
                .time, "must be a date and time with a zone as in RFC 3339, like 2026-11-23T09:30:00.25Z")
        }
        return time
    }

    /// A signal whose cause can never be a signal's id would wait in vain.
    func checkCause(_ cause: JSONSlot) throws(Rejection) {
        guard cause.kind == .string else { throw Self.invalid(.causationid, "must be a string, a signal's id") }
        if let fault = AttributeText.fault(JSONText.string(base, cause), maximumBytes: AttributeText.maximumBytes) {
            throw Self.invalid(.causationid, fault)
        }
    }

    /// Whether neither `data` nor `data_base64` is given: an event without data, as SDKs make it for types that need none.
    var hasNoData: Bool {
        isAbsent(.data, orNull: true) && isAbsent(.dataBase64, orNull: true)
    }

    /// Whether it is a copy of another conversation's signal, which is accepted unchanged.
    var isForked: Bool {
        (top.others + otherExtensions).contains {
            JSONText.equals(base, $0.key, "forkedfrom") && $0.value.kind == .string
        }
    }

    /// An attribute's text; nil where it is absent.
    private func givenText(_ name: AttributeName) throws(Rejection) -> String? {
        guard let slot = top[name], slot.kind != .null else { return nil }
        guard slot.kind == .string else { throw Self.invalid(name, "must be a string") }
        let text = JSONText.string(base, slot)
        if let fault = AttributeText.fault(text, maximumBytes: AttributeText.maximumBytes) {
            throw Self.invalid(name, fault)
        }
        return text
    }

    /// `type/subtype` and perhaps parameters (RFC 2045, section 5.1).
    private static func isMediaType(_ text: String) -> Bool {
        let names = text.utf8.prefix { $0 != UInt8(ascii: ";") }.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard names.count == 2, let last = names.last else { return false }
        // White space may stand before a semicolon.
        let subtype = last.prefix { $0 != 0x20 }
        return isToken(names[0]) && isToken(subtype) && last.dropFirst(subtype.count).allSatisfy { $0 == 0x20 }
    }

    private static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"()<>@,;:\\\"/[]?=".utf8.contains($0) }
    }

    private static func invalid(_ name: AttributeName, _ fault: String) -> Rejection {
        Rejection(.attributeInvalid(name.text.description), "the attribute \(name.text) \(fault)")
    }
}
