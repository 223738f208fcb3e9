/// The first value that is neither missing, null nor a blank string. A false is a value.
package func firstPresent(_ values: JSONSlice?...) -> JSONSlice? {
    for case .some(let value) in values where value.kind != .null && !value.isBlankString { return value }
    return nil
}

extension JSONSlice {
    /// The value, or nil for null and false: then a default takes its place.
    package var orNone: JSONSlice? { slot.isFalsy ? nil : self }

    /// The value as part of a text, whatever its kind: a string without quotes and escapes, null as nothing, a number
    /// with a fraction as short as possible, a list of strings and code points joined (`["a",98]` is `ab`), and
    /// anything else as spelled. The reference vectors fix this.
    package var text: String {
        switch kind {
        case .null: ""
        case .true: "true"
        case .false: "false"
        case .string: string ?? ""
        case .integer: spelling == "-0" ? "0" : spelling
        case .fraction: Double(spelling).flatMap(FractionText.shortest) ?? spelling
        case .array: characters ?? spelling
        case .object: spelling
        }
    }

    /// A string's text; anything else as JSON.
    package var stringOrSpelling: String { string ?? spelling }

    private var spelling: String { String(decoding: raw, as: UTF8.self) }

    /// The text that a list of strings, code points and such lists represents; nil if it contains anything else.
    private var characters: String? {
        guard let elements else { return nil }
        var text = ""
        for element in elements {
            switch element.kind {
            case .string: text += element.string ?? ""
            case .integer:
                guard let scalar = UInt32(element.spelling).flatMap(Unicode.Scalar.init) else { return nil }
                text.unicodeScalars.append(scalar)
            case .array:
                guard let inner = element.characters else { return nil }
                text += inner
            case .null, .true, .false, .fraction, .object: return nil
            }
        }
        return text
    }
}
