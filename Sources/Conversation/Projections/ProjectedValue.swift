import Signals

/// A value from an event's data: nearly always text, sometimes missing, otherwise any JSON with the producer's
/// spelling.
public enum ProjectedValue: Sendable {
    /// Null, or no value at all.
    case none
    case text(String)
    /// Any other JSON value.
    case json([UInt8])

    init(_ slice: JSONSlice?) {
        guard let slice else {
            self = .none
            return
        }
        switch slice.kind {
        case .null: self = .none
        case .string: self = .text(slice.string ?? "")
        case .true, .false, .integer, .fraction, .array, .object: self = .json(Array(slice.raw))
        }
    }

    init(_ text: String?) { self = text.map(ProjectedValue.text) ?? .none }

    /// The value as text: none is empty, a number its digits, a list of strings their concatenation, an object its JSON.
    public var text: String {
        switch self {
        case .none: ""
        case .text(let text): text
        // This was valid when it was taken from its event.
        case .json(let bytes): (try? JSONSlice(bytes))?.text ?? String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Turns the value into text, with `more` appended. The text is extended in place.
    mutating func append(text more: String) {
        var text = text
        self = .none
        text += more
        self = .text(text)
    }

    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .none: JSONWriter.append(raw: "null", to: &bytes)
        case .text(let text): JSONWriter.append(string: text, to: &bytes)
        case .json(let json): bytes.append(contentsOf: json)
        }
    }
}

extension ProjectedValue: Equatable {
    /// Compares values: texts by their bytes, other JSON regardless of white space and order of members.
    public static func == (left: ProjectedValue, right: ProjectedValue) -> Bool {
        switch (left, right) {
        case (.none, .none): return true
        case (.text(let one), .text(let other)): return ExactText(one) == ExactText(other)
        case (.json(let one), .json(let other)):
            if one == other { return true }
            guard let one = try? JSONValue(one), let other = try? JSONValue(other) else { return false }
            return one == other
        case (.none, _), (.text, _), (.json, _): return false
        }
    }
}
