/// Converts the binary form to the structured form, so that the contract has only one input.
enum EnvelopeComposer {
    /// Whether a content type is that of CloudEvents JSON (parameters are ignored).
    static func isCloudEvents(_ contentType: String) -> Bool {
        let name: StaticString = "application/cloudevents+json"
        var copy = contentType
        return copy.withUTF8 { given in
            guard given.count >= name.utf8CodeUnitCount else { return false }
            for index in 0..<name.utf8CodeUnitCount {
                let byte = given[index]
                let isCapital = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
                guard (isCapital ? byte | 0x20 : byte) == name.utf8Start[index] else { return false }
            }
            guard given.count > name.utf8CodeUnitCount else { return true }
            return given[name.utf8CodeUnitCount] == UInt8(ascii: ";") || given[name.utf8CodeUnitCount] == 0x20
        }
    }

    /// Whether a payload is an object with a member `specversion`. An unreadable payload has none.
    static func hasSpecversion(_ payload: [UInt8]) -> Bool {
        payload.withUnsafeBufferPointer { bytes in
            do throws(JSONError) {
                var found = false
                var scanner = try JSONScanner(bytes)
                guard try scanner.nextKind() == .object else { return false }
                let base = scanner.base
                _ = try scanner.members { key, scanner throws(JSONError) in
                    if AttributeName(base, key: key) == .specversion { found = true }
                    _ = try scanner.value()
                }
                return found
            } catch { return false }
        }
    }

    /// Whether a content type is that of CloudEvents' JSON batches, or the payload is an array of CloudEvents.
    static func isBatch(_ message: InboundMessage) -> Bool {
        if message.contentType?.lowercased().hasPrefix("application/cloudevents-batch") == true { return true }
        guard message.payload.first(where: { !isSpace($0) }) == UInt8(ascii: "[") else { return false }
        // An unreadable payload is not a batch.
        guard let events = try? JSONValue(message.payload).array, let first = events.first else { return false }
        return first["specversion"] != nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// The attributes among user properties. CloudEvents SDKs create binary events with the names of HTTP headers,
    /// `ce-id`. If a name appears with and without the prefix, the one without wins.
    static func attributes(_ userProperties: [(String, String)]) -> [(String, String)] {
        guard userProperties.contains(where: { isPrefixed($0.0) }) else { return userProperties }
        return userProperties.filter { isPrefixed($0.0) }.map { (String($0.0.dropFirst(prefix.count)), $0.1) }
            + userProperties.filter { !isPrefixed($0.0) }
    }

    private static let prefix = "ce-"

    private static func isPrefixed(_ name: String) -> Bool { name.utf8.starts(with: prefix.utf8) }

    static func traceparent(_ attributes: [(String, String)]) -> String? {
        guard let text = attributes.last(where: { $0.0 == "traceparent" })?.1 else { return nil }
        return TraceContext.isTraceparent(text) ? text : nil
    }

    /// `{"type":…,"data":<payload>}`. The payload is checked first, so that it cannot add attributes. An empty payload
    /// is an event without data.
    static func compose(_ attributes: [(String, String)], data payload: [UInt8]) throws(Rejection) -> [UInt8] {
        if !payload.isEmpty, let fault = fault(payload) { throw Rejection(fault) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count + 64 * attributes.count + 16)
        bytes.append(UInt8(ascii: "{"))
        for (name, value) in attributes where isAttribute(name) {
            JSONWriter.append(string: name, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(value, of: name, to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
        JSONWriter.append(raw: "\"data\":", to: &bytes)
        if payload.isEmpty { JSONWriter.append(raw: "null", to: &bytes) }
        bytes.append(contentsOf: payload)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    /// Why a payload is not one JSON value.
    private static func fault(_ payload: [UInt8]) -> JSONError? {
        payload.withUnsafeBufferPointer { bytes in
            do throws(JSONError) {
                var scanner = try JSONScanner(bytes, depth: 1)
                _ = try scanner.value()
                try scanner.finish()
                return nil
            } catch { return error }
        }
    }

    /// Valid extension names, and the attributes with their aliases; members that hold the payload are not attributes.
    private static func isAttribute(_ name: String) -> Bool {
        switch AttributeName(name) {
        case .data, .dataBase64, .extensions: return false
        case .some: return true
        case .none: return ExtensionAttribute.isName(name)
        }
    }

    /// User properties are text; the one attribute that must be a number becomes one if it is spelled as a number.
    private static func append(_ value: String, of name: String, to bytes: inout [UInt8]) {
        switch AttributeName(name) {
        case .contractmajor, .contractMajorAlias:
            if let number = Int(value) {
                JSONWriter.append(integer: number, to: &bytes)
            } else {
                JSONWriter.append(string: value, to: &bytes)
            }
        case .some, .none: JSONWriter.append(string: value, to: &bytes)
        }
    }
}
