import Conversation

/// One check of a value. Bounded in depth and in work.
struct SchemaCheck {
    struct TooMuchWork: Error {}

    /// Schemas inside each other, those that look at the same value included: what the stack of a pool thread bears.
    private static let depthLimit = 160
    /// Rules applied, plus 1 for each 64 bytes compared or searched: some milliseconds.
    private static let workLimit = 200_000
    /// How much of a value a message shows, in code points.
    private static let shownLimit = 60
    /// How many of several forms a message explains.
    private static let explainedForms = 3

    typealias Violation = JSONSchema.Violation

    let rules: [[SchemaRule]]
    private var work = 0

    init(rules: [[SchemaRule]]) {
        self.rules = rules
    }

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

    private mutating func isValid(
        _ value: JSONValue, _ schema: Int, at place: JSONPointer, depth: Int
    ) throws(TooMuchWork) -> Bool {
        try violations(of: value, by: schema, at: place, depth: depth).isEmpty
    }

    private mutating func spend(_ units: Int) throws(TooMuchWork) {
        work += units
        if work > Self.workLimit { throw TooMuchWork() }
    }

    private mutating func violations(
        of value: JSONValue, rule: SchemaRule, at place: JSONPointer, depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        func violation(_ message: String) -> [Violation] { [Violation(pointer: place.description, message: message)] }
        switch rule {
        case .never: return violation("is not allowed here: leave it out")
        case .type(let types):
            if types.contains(where: { $0.holds(value) }) { return [] }
            let wanted = types.map(\.withArticle).joined(separator: " or ")
            return violation("must be \(wanted), is \(Self.shown(value))")
        case .values(let values, let shown):
            try spend(Self.size(value))
            if values.contains(CanonicalJSON(value)) { return [] }
            return violation("must be \(values.count == 1 ? "" : "one of ")\(shown), is \(Self.shown(value))")
        case .minimum, .maximum, .multiple:
            return Self.fault(ofNumber: value, rule).map(violation) ?? []
        case .length(let least, let most):
            guard let text = value.string else { return [] }
            let count = text.unicodeScalars.count
            if count >= least, count <= most { return [] }
            return violation("must have \(Self.range(least, most)) characters, has \(count)")
        case .pattern(let pattern):
            guard let text = value.string else { return [] }
            guard text.utf8.count <= SchemaPattern.textLimit else {
                return violation(
                    "must have \(SchemaPattern.textLimit) bytes at the most to be compared with its pattern")
            }
            try spend(1 + text.utf8.count / 16)
            return pattern.matches(text)
                ? [] : violation("must match the regular expression \(pattern.text), is \(Self.shown(value))")
        case .itemCount(let least, let most):
            guard let count = value.array?.count, count < least || count > most else { return [] }
            return violation("must have \(Self.range(least, most)) items, has \(count)")
        case .uniqueItems:
            guard let elements = value.array else { return [] }
            var seen: Set<CanonicalJSON> = []
            for (index, element) in elements.enumerated() {
                try spend(1 + Self.size(element))
                if !seen.insert(CanonicalJSON(element)).inserted {
                    return violation("must not have the same item twice: \(Self.shown(element)) at \(index)")
                }
            }
            return []
        case .items(let first, let rest):
            return try itemViolations(value, first, rest, at: place, depth)
        case .contains(let schema, let least, let most):
            guard let elements = value.array else { return [] }
            var count = 0
            for (index, element) in elements.enumerated() {
                if try isValid(element, schema, at: place.appending(index), depth: depth) { count += 1 }
            }
            if count >= least, count <= most { return [] }
            return violation("must have \(Self.range(least, most)) items of a certain form, has \(count)")
        case .memberCount(let least, let most):
            guard let count = value.object?.count, count < least || count > most else { return [] }
            return violation("must have \(Self.range(least, most)) members, has \(count)")
        case .required(let names):
            guard let members = value.object else { return [] }
            let present = Set(members.map { ExactText($0.key) })
            try spend(names.count)
            let missing = names.filter { !present.contains(ExactText($0)) }
            return missing.isEmpty ? [] : violation("must have the member \(Self.quoted(missing)), which is missing")
        case .members(let members): return try memberViolations(value, members, at: place, depth)
        case .memberNames(let schema):
            for member in value.object ?? [] {
                let faults = try violations(of: .string(member.key), by: schema, at: .root, depth: depth)
                if let fault = faults.first { return violation("has a member whose name \(fault.message)") }
            }
            return []
        case .dependencies(let dependencies):
            guard value.object != nil else { return [] }
            for (member, others) in dependencies where value[member] != nil {
                try spend(others.count)
                let missing = others.filter { value[$0] == nil }
                if !missing.isEmpty {
                    return violation("with the member \(member) must also have \(Self.quoted(missing))")
                }
            }
            return []
        case .all, .any, .one, .not, .conditional:
            return try combinedViolations(value, rule, at: place, depth)
        }
    }

    private static func fault(ofNumber value: JSONValue, _ rule: SchemaRule) -> String? {
        let text: String
        switch value {
        case .integer(let spelling), .fraction(let spelling): text = spelling
        case .null, .bool, .string, .array, .object: return nil
        }
        let number = ExactNumber(text)
        switch rule {
        case .minimum(let limit, let isExclusive, let shown):
            if isExclusive ? number > limit : number >= limit { return nil }
            return "must be \(isExclusive ? "above" : "at least") \(shown), is \(Self.shown(value))"
        case .maximum(let limit, let isExclusive, let shown):
            if isExclusive ? number < limit : number <= limit { return nil }
            return "must be \(isExclusive ? "below" : "at most") \(shown), is \(Self.shown(value))"
        case .multiple(let divisor, let shown):
            return number.isMultiple(of: divisor) ? nil : "must be a multiple of \(shown), is \(Self.shown(value))"
        case .never, .type, .values, .length, .pattern, .itemCount, .uniqueItems, .items, .contains, .memberCount,
            .required,
            .members, .memberNames, .dependencies, .all, .any, .one, .not, .conditional:
            return nil
        }
    }

    private mutating func itemViolations(
        _ value: JSONValue, _ first: [Int], _ rest: Int?, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        var found: [Violation] = []
        for (index, element) in (value.array ?? []).enumerated() {
            guard let schema = index < first.count ? first[index] : rest else { break }
            found += try violations(of: element, by: schema, at: place.appending(index), depth: depth)
            if found.count >= JSONSchema.violationLimit { break }
        }
        return found
    }

    private mutating func memberViolations(
        _ value: JSONValue, _ rules: SchemaMembers, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        var found: [Violation] = []
        for member in value.object ?? [] {
            try spend(1)
            var isKnown = false
            let at = place.appending(member.key)
            if let schema = rules.named[ExactText(member.key)] {
                isKnown = true
                found += try violations(of: member.value, by: schema, at: at, depth: depth)
            }
            for (pattern, schema) in rules.patterns {
                try spend(1 + member.key.utf8.count / 16)
                guard member.key.utf8.count <= SchemaPattern.textLimit, pattern.matches(member.key) else { continue }
                isKnown = true
                found += try violations(of: member.value, by: schema, at: at, depth: depth)
            }
            if !isKnown, let others = rules.others {
                if case .never? = self.rules[others].first {
                    let known = rules.names.isEmpty ? "none" : rules.names.prefix(20).joined(separator: ", ")
                    found.append(
                        Violation(pointer: at.description, message: "is no known member; the members are: \(known)"))
                } else {
                    found += try violations(of: member.value, by: others, at: at, depth: depth)
                }
            }
            if found.count >= JSONSchema.violationLimit { break }
        }
        return found
    }

    private mutating func combinedViolations(
        _ value: JSONValue, _ rule: SchemaRule, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        func violation(_ message: String) -> [Violation] { [Violation(pointer: place.description, message: message)] }
        switch rule {
        case .all(let schemas):
            var found: [Violation] = []
            for schema in schemas { found += try violations(of: value, by: schema, at: place, depth: depth) }
            return found
        case .any(let schemas), .one(let schemas):
            var reasons: [String] = []
            var matches = 0
            for (index, schema) in schemas.enumerated() {
                let faults = try violations(of: value, by: schema, at: place, depth: depth)
                if faults.isEmpty { matches += 1 }
                if let fault = faults.first, reasons.count < Self.explainedForms {
                    reasons.append("(\(index + 1)) \(fault)")
                }
            }
            if case .one = rule, matches > 1 {
                return violation("must have exactly one of \(schemas.count) forms, has \(matches) of them")
            }
            if matches > 0 { return [] }
            if schemas.count == 1, let reason = reasons.first { return violation(String(reason.dropFirst(4))) }
            return violation("has none of the \(schemas.count) allowed forms: \(reasons.joined(separator: "; "))")
        case .not(let schema):
            let isValid = try isValid(value, schema, at: place, depth: depth)
            return isValid ? violation("has a form that is not allowed, is \(Self.shown(value))") : []
        case .conditional(let test, let then, let otherwise):
            let holds = try isValid(value, test, at: place, depth: depth)
            guard let schema = holds ? then : otherwise else { return [] }
            return try violations(of: value, by: schema, at: place, depth: depth)
        case .never, .type, .values, .minimum, .maximum, .multiple, .length, .pattern, .itemCount, .uniqueItems, .items,
            .contains, .memberCount, .required, .members, .memberNames, .dependencies:
            return []
        }
    }

    // MARK: Words

    /// A value, or its beginning.
    static func shown(_ value: JSONValue) -> String {
        switch value {
        case .array(let elements) where elements.count > 3: return "an array of \(elements.count) items"
        case .object(let members) where members.count > 3: return "an object with \(members.count) members"
        default:
            let text = value.description.unicodeScalars
            guard text.count > shownLimit else { return value.description }
            return String(String.UnicodeScalarView(text.prefix(shownLimit))) + "…"
        }
    }

    private static func range(_ least: Int, _ most: Int) -> String {
        if most == .max { return "at least \(least)" }
        if least == most { return "exactly \(least)" }
        return least == 0 ? "at most \(most)" : "\(least) to \(most)"
    }

    private static func quoted(_ names: [String]) -> String {
        names.prefix(10).map { JSONValue.string($0).description }.joined(separator: ", ")
    }

    /// A measure of the work that comparing takes.
    private static func size(_ value: JSONValue) -> Int {
        switch value {
        case .null, .bool: 1
        case .integer(let text), .fraction(let text), .string(let text): 1 + text.utf8.count / 64
        case .array(let elements): elements.reduce(1) { $0 + size($1) }
        case .object(let members): members.reduce(1) { $0 + 1 + size($1.value) }
        }
    }
}
