import Signals

extension SchemaCheck {
    mutating func violations(
        of elements: [JSONValue], _ rule: SchemaRule.ArrayRule, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        switch rule {
        case .count(let range):
            if range.contains(elements.count) { return [] }
            return Self.violation(at: place, "must have \(range) items, has \(elements.count)")
        case .unique: return try repetition(in: elements, at: place)
        case .items(let first, let rest): return try itemViolations(elements, first, rest, at: place, depth)
        case .contains(let schema, let range):
            var count = 0
            for (index, element) in elements.enumerated() {
                if try isValid(element, schema, at: place.appending(index), depth: depth) { count += 1 }
            }
            if range.contains(count) { return [] }
            return Self.violation(at: place, "must have \(range) items of a certain form, has \(count)")
        }
    }

    private mutating func repetition(
        in elements: [JSONValue], at place: JSONPointer
    ) throws(TooMuchWork) -> [Violation] {
        var seen: Set<CanonicalJSON> = []
        for (index, element) in elements.enumerated() {
            try spend(1 + Self.size(element))
            if !seen.insert(CanonicalJSON(element)).inserted {
                return Self.violation(
                    at: place, "must not have the same item twice: \(Self.shown(element)) at \(index)")
            }
        }
        return []
    }

    private mutating func itemViolations(
        _ elements: [JSONValue], _ first: [Int], _ rest: Int?, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        var found: [Violation] = []
        for (index, element) in elements.enumerated() {
            guard let schema = index < first.count ? first[index] : rest else { break }
            found += try violations(of: element, by: schema, at: place.appending(index), depth: depth)
            if found.count >= JSONSchema.violationLimit { break }
        }
        return found
    }
}
