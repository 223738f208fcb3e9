import Signals

extension SchemaCheck {
    typealias Member = (key: String, value: JSONValue)

    mutating func violations(
        of members: [Member], _ rule: SchemaRule.ObjectRule, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        switch rule {
        case .count(let range):
            if range.contains(members.count) { return [] }
            return Self.violation(at: place, "must have \(range) members, has \(members.count)")
        case .required(let names):
            let missing = try missing(names, in: Self.names(of: members))
            if missing.isEmpty { return [] }
            return Self.violation(at: place, "must have the member \(Self.quoted(missing)), which is missing")
        case .members(let rules): return try memberViolations(members, rules, at: place, depth)
        case .names(let schema):
            for member in members {
                let faults = try violations(of: .string(member.key), by: schema, at: .root, depth: depth)
                if let fault = faults.first {
                    return Self.violation(at: place, "has a member whose name \(fault.message)")
                }
            }
            return []
        case .dependencies(let dependencies):
            let present = Self.names(of: members)
            for (name, others) in dependencies where present.contains(ExactText(name)) {
                let missing = try missing(others, in: present)
                if !missing.isEmpty {
                    return Self.violation(
                        at: place, "with the member \(name) must also have \(Self.quoted(missing))")
                }
            }
            return []
        }
    }

    private static func names(of members: [Member]) -> Set<ExactText> { Set(members.map { ExactText($0.key) }) }

    private mutating func missing(_ names: [String], in present: Set<ExactText>) throws(TooMuchWork) -> [String] {
        try spend(names.count)
        return names.filter { !present.contains(ExactText($0)) }
    }

    private mutating func memberViolations(
        _ members: [Member], _ rules: SchemaMembers, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        var found: [Violation] = []
        for member in members {
            try spend(1)
            found += try violations(of: member, rules, at: place.appending(member.key), depth)
            if found.count >= JSONSchema.violationLimit { break }
        }
        return found
    }

    private mutating func violations(
        of member: Member, _ rules: SchemaMembers, at place: JSONPointer, _ depth: Int
    ) throws(TooMuchWork) -> [Violation] {
        var schemas: [Int] = []
        if let schema = rules.named[ExactText(member.key)] { schemas.append(schema) }
        for (pattern, schema) in rules.patterns {
            try spend(1 + member.key.utf8.count / 16)
            guard member.key.utf8.count <= SchemaPattern.textLimit, pattern.matches(member.key) else { continue }
            schemas.append(schema)
        }
        if schemas.isEmpty, let others = rules.others {
            if case .never? = self.rules[others].first {
                let known = rules.names.isEmpty ? "none" : rules.names.prefix(20).joined(separator: ", ")
                return Self.violation(at: place, "is not a known member; the members are: \(known)")
            }
            schemas.append(others)
        }
        var found: [Violation] = []
        for schema in schemas { found += try violations(of: member.value, by: schema, at: place, depth: depth) }
        return found
    }
}
