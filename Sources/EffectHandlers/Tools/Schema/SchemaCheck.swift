import Signals

/// One check of a value against a schema, bounded in depth and in work.
struct SchemaCheck {
    struct TooMuchWork: Error {}

    /// Maximum nested schemas, including those for the same value: limited by the stack of a pool thread.
    private static let depthLimit = 160
    /// Maximum number of rules applied, plus 1 per 64 bytes compared or searched: some milliseconds.
    private static let workLimit = 200_000
    /// Maximum code points of a value that a message shows.
    private static let shownLimit = 60

    typealias Violation = JSONSchema.Violation

    let rules: [[SchemaRule]]
    private var work = 0

    init(rules: [[SchemaRule]]) {
        self.rules = rules
    }

    /// - Returns: the violations, at least `JSONSchema.violationLimit` of them if there are more.
    mutating func violations(
        of value: JSONValue, by schema: Int, at place: JSONPointer, depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        guard depth < Self.depthLimit else { throw TooMuchWork() }
        var found: [Violation] = []
        for rule in rules[schema] {
            try spend(1)
            found += try violations(of: value, rule: rule, at: place, depth: depth + 1)
            if found.count >= JSONSchema.violationLimit { break }
        }
        return found
    }

    mutating func isValid(
        _ value: JSONValue, _ schema: Int, at place: JSONPointer, depth: Int
    ) throws(TooMuchWork) -> Bool {
        try violations(of: value, by: schema, at: place, depth: depth).isEmpty
    }

    mutating func spend(_ units: Int) throws(TooMuchWork) {
        work += units
        if work > Self.workLimit { throw TooMuchWork() }
    }

    private mutating func violations(
        of value: JSONValue, rule: SchemaRule, at place: JSONPointer, depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        switch rule {
        case .never: return Self.violation(at: place, "is not allowed here: leave it out")
        case .type(let types):
            if types.contains(where: { $0.holds(value) }) { return [] }
            let wanted = types.map(\.withArticle).joined(separator: " or ")
            return Self.violation(at: place, "must be \(wanted), is \(Self.shown(value))")
        case .values(let values, let shown):
            try spend(Self.size(value))
            if values.contains(CanonicalJSON(value)) { return [] }
            return Self.violation(
                at: place, "must be \(values.count == 1 ? "" : "one of ")\(shown), is \(Self.shown(value))")
        case .number(let rule):
            switch value {
            case .integer(let text), .fraction(let text):
                guard let wanted = rule.requirement(violatedBy: ExactNumber(text)) else { return [] }
                return Self.violation(at: place, "\(wanted), is \(Self.shown(value))")
            case .null, .bool, .string, .array, .object: return []
            }
        case .text(let rule):
            guard let text = value.string else { return [] }
            return try violations(of: text, rule, at: place)
        case .array(let rule):
            guard let elements = value.array else { return [] }
            return try violations(of: elements, rule, at: place, depth)
        case .object(let rule):
            guard let members = value.object else { return [] }
            return try violations(of: members, rule, at: place, depth)
        case .combination(let rule): return try violations(of: value, rule, at: place, depth)
        }
    }

    private mutating func violations(
        of text: String, _ rule: SchemaRule.TextRule, at place: JSONPointer
    ) throws(TooMuchWork) -> [Violation] {
        switch rule {
        case .length(let range):
            let count = text.unicodeScalars.count
            if range.contains(count) { return [] }
            return Self.violation(at: place, "must have \(range) characters, has \(count)")
        case .pattern(let pattern):
            guard text.utf8.count <= SchemaPattern.textLimit else {
                return Self.violation(
                    at: place, "must have at most \(SchemaPattern.textLimit) bytes to be compared with its pattern")
            }
            try spend(1 + text.utf8.count / 16)
            if pattern.matches(text) { return [] }
            return Self.violation(
                at: place, "must match the regular expression \(pattern.text), is \(Self.shown(.string(text)))")
        }
    }

    // MARK: Messages

    static func violation(at place: JSONPointer, _ message: String) -> [Violation] {
        [Violation(pointer: place.description, message: message)]
    }

    /// A value, or its beginning.
    static func shown(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements) where elements.count > 3: return "an array of \(elements.count) items"
        case .object(let members) where members.count > 3: return "an object with \(members.count) members"
        case .null, .bool, .integer, .fraction, .string, .array, .object:
            let text = value.description.unicodeScalars
            guard text.count > shownLimit else { return value.description }
            return String(String.UnicodeScalarView(text.prefix(shownLimit))) + "…"
        }
    }

    static func quoted(_ names: [String]) -> String {
        names.prefix(10).map { JSONValue.string($0).description }.joined(separator: ", ")
    }

    /// The units of work for comparing a value.
    static func size(_ value: JSONValue) -> Int {
        switch value {
        case .null, .bool: 1
        case .integer(let text), .fraction(let text), .string(let text): 1 + text.utf8.count / 64
        case .array(let elements): elements.reduce(1) { $0 + size($1) }
        case .object(let members): members.reduce(1) { $0 + 1 + size($1.value) }
        }
    }
}

extension SchemaRule.NumberRule {
    /// The rule in words if a number violates it; nil if it does not.
    fileprivate func requirement(violatedBy number: ExactNumber) -> String? {
        switch self {
        case .minimum(let limit, let isExclusive, let shown):
            if isExclusive ? number > limit : number >= limit { return nil }
            return "must be \(isExclusive ? "above" : "at least") \(shown)"
        case .maximum(let limit, let isExclusive, let shown):
            if isExclusive ? number < limit : number <= limit { return nil }
            return "must be \(isExclusive ? "below" : "at most") \(shown)"
        case .multiple(let divisor, let shown):
            return number.isMultiple(of: divisor) ? nil : "must be a multiple of \(shown)"
        }
    }
}
