import Conversation

/// The kinds of values that `type` names.
enum SchemaType: String, Sendable, CaseIterable {
    case null, boolean, integer, number, string, array, object

    func holds(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.null, .null), (.boolean, .bool), (.string, .string), (.array, .array), (.object, .object): true
        case (.number, .integer), (.number, .fraction), (.integer, .integer): true
        // 1.0 is an integer (JSON Schema 2020-12, 4.2.3).
        case (.integer, .fraction(let text)): ExactNumber(text).isInteger
        case (.null, _), (.boolean, _), (.integer, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }

    /// For messages.
    var withArticle: String {
        switch self {
        case .null: "null"
        case .integer, .array, .object: "an \(rawValue)"
        case .boolean, .number, .string: "a \(rawValue)"
        }
    }
}

/// One thing that a schema asks of a value. Subschemas are numbers in the schema's list.
enum SchemaRule: Sendable {
    /// The schema `false`.
    case never
    case type([SchemaType])
    case values(Set<CanonicalJSON>, shown: String)
    case minimum(ExactNumber, isExclusive: Bool, shown: String)
    case maximum(ExactNumber, isExclusive: Bool, shown: String)
    case multiple(of: ExactNumber, shown: String)
    /// In code points.
    case length(atLeast: Int, atMost: Int)
    case pattern(SchemaPattern)
    case itemCount(atLeast: Int, atMost: Int)
    case uniqueItems
    case items(first: [Int], rest: Int?)
    case contains(Int, atLeast: Int, atMost: Int)
    case memberCount(atLeast: Int, atMost: Int)
    case required([String])
    case members(SchemaMembers)
    case memberNames(Int)
    /// Who has the member must have the others, too.
    case dependencies([(member: String, others: [String])])
    case all([Int])
    case any([Int])
    case one([Int])
    case not(Int)
    case conditional(test: Int, then: Int?, otherwise: Int?)
}

/// `properties`, `patternProperties` and `additionalProperties`, which depend on each other.
struct SchemaMembers: Sendable {
    var named: [ExactText: Int] = [:]
    var patterns: [(pattern: SchemaPattern, schema: Int)] = []
    var others: Int?
    /// The names in `named`, for messages.
    var names: [String] = []
}

/// A regular expression. Kept as text, since `Regex` must not be shared between threads.
struct SchemaPattern: Sendable {
    /// Longer texts are not searched: a pattern can need time that grows faster than the text.
    static let textLimit = 10_000

    let text: String

    /// - Throws: the regular expression compiler's error.
    init(_ text: String) throws {
        self.text = text
        _ = try Self.compile(text)
    }

    /// Whether it is found anywhere in a text. The text must be within `textLimit`.
    func matches(_ value: String) -> Bool {
        // It compiled before, and has no code of its own that could throw.
        guard let regex = try? Self.compile(text) else { return false }
        return (try? regex.firstMatch(in: value)) != nil
    }

    /// With the meaning that ECMA-262 gives to characters and classes.
    private static func compile(_ text: String) throws -> Regex<AnyRegexOutput> {
        try Regex(text).matchingSemantics(.unicodeScalar).asciiOnlyDigits().asciiOnlyWordCharacters()
    }
}
