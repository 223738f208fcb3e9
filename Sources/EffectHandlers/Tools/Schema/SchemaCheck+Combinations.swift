import Signals

extension SchemaCheck {
    /// Maximum number of forms that a message explains.
    private static let explainedForms = 3

    mutating func violations(
        of value: JSONValue, _ rule: SchemaRule.Combination, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        switch rule {
        case .all(let schemas):
            var found: [Violation] = []
            for schema in schemas { found += try violations(of: value, by: schema, at: place, depth: depth) }
            return found
        case .any(let schemas): return try formViolations(of: value, schemas, isExact: false, at: place, depth)
        case .one(let schemas): return try formViolations(of: value, schemas, isExact: true, at: place, depth)
        case .not(let schema):
            guard try isValid(value, schema, at: place, depth: depth) else { return [] }
            return Self.violation(at: place, "has a form that is not allowed, is \(Self.shown(value))")
        case .conditional(let test, let then, let otherwise):
            let holds = try isValid(value, test, at: place, depth: depth)
            guard let schema = holds ? then : otherwise else { return [] }
            return try violations(of: value, by: schema, at: place, depth: depth)
        }
    }

    /// `anyOf` and `oneOf`.
    /// - Parameter isExact: whether more than one match is a violation.
    private mutating func formViolations(
        of value: JSONValue, _ schemas: [Int], isExact: Bool, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        var reasons: [String] = []
        var matches = 0
        for (index, schema) in schemas.enumerated() {
            let faults = try violations(of: value, by: schema, at: place, depth: depth)
            if faults.isEmpty { matches += 1 }
            if let fault = faults.first, reasons.count < Self.explainedForms {
                reasons.append("(\(index + 1)) \(fault)")
            }
        }
        if isExact, matches > 1 {
            return Self.violation(
                at: place, "must have exactly one of \(schemas.count) forms, has \(matches) of them")
        }
        if matches > 0 { return [] }
        if schemas.count == 1, let reason = reasons.first {
            return Self.violation(at: place, String(reason.dropFirst(4)))
        }
        return Self.violation(
            at: place, "has none of the \(schemas.count) allowed forms: \(reasons.joined(separator: "; "))")
    }
}
