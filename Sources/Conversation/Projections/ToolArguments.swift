import Signals

/// The arguments of a tool call as a model wrote them, and the form that a history may contain.
///
/// A history is sent with every later request, and servers refuse one in which arguments are anything but a JSON object.
public struct ToolArguments: Sendable, Equatable {
    /// The text of one JSON object without repeated names: `{}` if the model wrote nothing or nothing readable.
    public let object: String
    /// The model's text if it is not a JSON object, for the call's result; nil if `object` holds it.
    public let unreadable: String?

    /// Bytes of an unreadable text that are kept: enough to see the mistake.
    public static let unreadableLimit = 4_096
    /// Maximum number of times that a JSON string is decoded as JSON.
    private static let encodingsAtMost = 3

    /// - Parameter text: JSON, if the model wrote what it should. An empty text and `null` mean no arguments; an object
    ///   encoded as a JSON string (even twice) means the object.
    public init(_ text: String) {
        var rest = text
        for _ in 0..<Self.encodingsAtMost {
            if JSONText.isBlank(rest) {
                self.init(object: "{}", unreadable: nil)
                return
            }
            // Text that is not JSON is unreadable; the tool's result says why.
            guard let value = try? JSONSlice(Array(rest.utf8)) else { break }
            switch value.kind {
            case .object:
                self.init(object: value.hasRepeatedNames ? Self.withoutRepeats(rest) : rest, unreadable: nil)
                return
            case .null:
                self.init(object: "{}", unreadable: nil)
                return
            case .string: rest = value.string ?? ""
            case .true, .false, .integer, .fraction, .array: rest = ""
            }
            guard value.kind == .string else { break }
        }
        self.init(object: "{}", unreadable: Self.cut(text))
    }

    private init(object: String, unreadable: String?) {
        self.object = object
        self.unreadable = unreadable
    }

    /// Each name with its last value: readers differ in which repeated value they use.
    private static func withoutRepeats(_ text: String) -> String {
        guard let value = try? JSONValue(Array(text.utf8)) else { return "{}" }
        return String(decoding: value.encode(), as: UTF8.self)
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > unreadableLimit else { return text }
        var kept = ""
        var bytes = 0
        for scalar in text.unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= unreadableLimit else { break }
            kept.unicodeScalars.append(scalar)
        }
        return "\(kept)… (\(text.utf8.count) bytes)"
    }
}

extension JSONSlice {
    /// Whether any object in it has a repeated name.
    fileprivate var hasRepeatedNames: Bool {
        if let elements { return elements.contains(where: \.hasRepeatedNames) }
        guard let object else { return false }
        var names: Set<ExactText> = []
        return object.members.contains { member in
            !names.insert(ExactText(object.key(member))).inserted || object.value(member).hasRepeatedNames
        }
    }
}
