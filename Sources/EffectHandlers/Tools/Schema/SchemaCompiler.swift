import Signals

/// Compiles a schema document into rules. Subschemas are identified by their place, so that a `$ref` and its target are
/// one subschema. They are read one after another from a list, so nesting and chains of references take no stack.
struct SchemaCompiler {
    private let document: JSONValue
    private var rules: [[SchemaRule]] = []
    private var numbers: [JSONPointer: Int] = [:]
    private var unread: [(number: Int, value: JSONValue, place: JSONPointer)] = []
    private var problems: [String] = []
    /// For each schema, those that apply to the same value: a check of a cycle among them would never end.
    private var sameValue: [[Int]] = []
    private var places: [JSONPointer] = []

    init(document: JSONValue) {
        self.document = document
    }

    mutating func compile() throws(JSONSchemaError) -> [[SchemaRule]] {
        _ = schema(document, at: .root)
        while let next = unread.popLast() { read(next.value, number: next.number, at: next.place) }
        if problems.isEmpty { refuseCycles() }
        guard problems.isEmpty else { throw JSONSchemaError(problems: problems) }
        return rules
    }

    // MARK: Subschemas

    private mutating func schema(_ value: JSONValue, at place: JSONPointer) -> Int {
        if let known = numbers[place] { return known }
        guard rules.count < JSONSchema.subschemaLimit else {
            if problems.last?.hasPrefix("more than") != true {
                problems.append("more than \(JSONSchema.subschemaLimit) subschemas: make it smaller")
            }
            return 0
        }
        let number = rules.count
        rules.append([])
        sameValue.append([])
        places.append(place)
        numbers[place] = number
        unread.append((number, value, place))
        return number
    }

    private mutating func read(_ value: JSONValue, number: Int, at place: JSONPointer) {
        switch value {
        case .bool(true): break
        case .bool(false): rules[number] = [.never]
        case .object: readKeywords(value, number: number, at: place)
        case .null, .integer, .fraction, .string, .array: problem(place, "must be a schema: an object, true or false")
        }
    }

    private mutating func readKeywords(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        readReference(schema, number: number, at: place)
        readValueRules(schema, number: number, at: place)
        readNumberRules(schema, number: number, at: place)
        readTextRules(schema, number: number, at: place)
        readArrayRules(schema, number: number, at: place)
        readObjectRules(schema, number: number, at: place)
        readCombinations(schema, number: number, at: place)
    }

    // MARK: Keywords

    private mutating func readReference(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if schema["$dynamicRef"] != nil { problem(place.appending("$dynamicRef"), "is not supported: use $ref") }
        guard let reference = schema["$ref"] else { return }
        let at = place.appending("$ref")
        guard let text = reference.string, let tokens = JSONPointer.tokens(ofReference: text) else {
            return problem(at, "must point into this schema, such as #/$defs/name")
        }
        var (target, targetPlace) = (document, JSONPointer.root)
        for token in tokens {
            let next: JSONValue? =
                if let elements = target.array {
                    Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
                } else { target[token] }
            guard let next else { return problem(at, "points to \(text), which does not exist") }
            target = next
            targetPlace = targetPlace.appending(token)
        }
        add(.combination(.all([inPlace(target, number, at: targetPlace)])), to: number)
    }

    private mutating func readValueRules(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if let value = schema["type"] {
            let names = value.array ?? [value]
            let types = names.compactMap { $0.string.flatMap(SchemaType.init) }
            if types.count == names.count, !types.isEmpty {
                add(.type(types), to: number)
            } else {
                let known = SchemaType.allCases.map(\.rawValue).joined(separator: ", ")
                problem(place.appending("type"), "must be one of \(known), or a list of them")
            }
        }
        if let value = schema["enum"] {
            if let values = value.array, !values.isEmpty {
                add(.values(Set(values.map(CanonicalJSON.init)), shown: Self.shown(values)), to: number)
            } else {
                problem(place.appending("enum"), "must be a list of the allowed values")
            }
        }
        if let value = schema["const"] {
            add(.values([CanonicalJSON(value)], shown: Self.shown([value])), to: number)
        }
    }

    private mutating func readNumberRules(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if let (limit, text) = exactNumber("minimum", of: schema, at: place) {
            add(.number(.minimum(limit, isExclusive: false, shown: text)), to: number)
        }
        if let (limit, text) = exactNumber("exclusiveMinimum", of: schema, at: place) {
            add(.number(.minimum(limit, isExclusive: true, shown: text)), to: number)
        }
        if let (limit, text) = exactNumber("maximum", of: schema, at: place) {
            add(.number(.maximum(limit, isExclusive: false, shown: text)), to: number)
        }
        if let (limit, text) = exactNumber("exclusiveMaximum", of: schema, at: place) {
            add(.number(.maximum(limit, isExclusive: true, shown: text)), to: number)
        }
        if let (divisor, text) = exactNumber("multipleOf", of: schema, at: place) {
            if divisor.isDivisor {
                add(.number(.multiple(of: divisor, shown: text)), to: number)
            } else {
                problem(place.appending("multipleOf"), "must be above 0, with at most 18 digits")
            }
        }
    }

    private mutating func readTextRules(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if let range = range("minLength", "maxLength", of: schema, at: place) {
            add(.text(.length(range)), to: number)
        }
        if let value = schema["pattern"] {
            if let text = value.string {
                if let pattern = pattern(text, at: place.appending("pattern")) {
                    add(.text(.pattern(pattern)), to: number)
                }
            } else {
                problem(place.appending("pattern"), "must be a regular expression as a string")
            }
        }
    }

    private mutating func readArrayRules(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if let range = range("minItems", "maxItems", of: schema, at: place) {
            add(.array(.count(range)), to: number)
        }
        if let value = schema["uniqueItems"] {
            guard let isUnique = value.bool else {
                return problem(place.appending("uniqueItems"), "must be true or false")
            }
            if isUnique { add(.array(.unique), to: number) }
        }
        // Up to draft 7 the list was in `items` and the rest in `additionalItems`.
        let isOldStyle = schema["items"]?.array != nil
        let first = list(isOldStyle ? "items" : "prefixItems", of: schema, at: place)
        let rest = child(isOldStyle ? "additionalItems" : "items", of: schema, at: place)
        if first != nil || rest != nil { add(.array(.items(first: first ?? [], rest: rest)), to: number) }
        if let contained = child("contains", of: schema, at: place) {
            var range = range("minContains", "maxContains", of: schema, at: place) ?? SchemaRange(least: 1, most: .max)
            if schema["minContains"] == nil { range.least = 1 }
            add(.array(.contains(contained, range)), to: number)
        }
    }

    private mutating func readObjectRules(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if let range = range("minProperties", "maxProperties", of: schema, at: place) {
            add(.object(.count(range)), to: number)
        }
        if let value = schema["required"] {
            if let names = Self.strings(value) {
                if !names.isEmpty { add(.object(.required(names)), to: number) }
            } else {
                problem(place.appending("required"), "must be a list of member names")
            }
        }
        var members = SchemaMembers()
        for (name, value) in objectMembers("properties", of: schema, at: place) {
            members.named[ExactText(name)] = self.schema(value, at: place.appending("properties").appending(name))
            members.names.append(name)
        }
        for (text, value) in objectMembers("patternProperties", of: schema, at: place) {
            let at = place.appending("patternProperties").appending(text)
            guard let pattern = pattern(text, at: at) else { continue }
            members.patterns.append((pattern, self.schema(value, at: at)))
        }
        members.others = child("additionalProperties", of: schema, at: place)
        if !members.named.isEmpty || !members.patterns.isEmpty || members.others != nil {
            add(.object(.members(members)), to: number)
        }
        if let names = child("propertyNames", of: schema, at: place) { add(.object(.names(names)), to: number) }
        var dependencies: [(member: String, others: [String])] = []
        for (name, value) in objectMembers("dependentRequired", of: schema, at: place) {
            if let others = Self.strings(value) {
                dependencies.append((name, others))
            } else {
                problem(place.appending("dependentRequired").appending(name), "must be a list of member names")
            }
        }
        if !dependencies.isEmpty { add(.object(.dependencies(dependencies)), to: number) }
    }

    private mutating func readCombinations(_ schema: JSONValue, number: Int, at place: JSONPointer) {
        if let all = list("allOf", of: schema, at: place, sameValueAs: number) {
            add(.combination(.all(all)), to: number)
        }
        if let any = list("anyOf", of: schema, at: place, sameValueAs: number) {
            add(.combination(.any(any)), to: number)
        }
        if let one = list("oneOf", of: schema, at: place, sameValueAs: number) {
            add(.combination(.one(one)), to: number)
        }
        if let not = child("not", of: schema, at: place, sameValueAs: number) {
            add(.combination(.not(not)), to: number)
        }
        guard let test = child("if", of: schema, at: place, sameValueAs: number) else { return }
        let then = child("then", of: schema, at: place, sameValueAs: number)
        let otherwise = child("else", of: schema, at: place, sameValueAs: number)
        if then != nil || otherwise != nil {
            add(.combination(.conditional(test: test, then: then, otherwise: otherwise)), to: number)
        }
    }

    // MARK: Parts of keywords

    private mutating func add(_ rule: SchemaRule, to number: Int) { rules[number].append(rule) }

    private mutating func problem(_ place: JSONPointer, _ text: String) {
        problems.append((place == .root ? "the schema" : "\(place)") + " " + text)
    }

    /// A subschema that applies to the same value as its parent.
    private mutating func inPlace(_ value: JSONValue, _ parent: Int, at place: JSONPointer) -> Int {
        let number = schema(value, at: place)
        sameValue[parent].append(number)
        return number
    }

    private mutating func child(
        _ keyword: String, of schema: JSONValue, at place: JSONPointer, sameValueAs parent: Int? = nil
    ) -> Int? {
        guard let value = schema[keyword] else { return nil }
        let at = place.appending(keyword)
        return parent.map { inPlace(value, $0, at: at) } ?? self.schema(value, at: at)
    }

    private mutating func list(
        _ keyword: String, of schema: JSONValue, at place: JSONPointer, sameValueAs parent: Int? = nil
    ) -> [Int]? {
        guard let value = schema[keyword] else { return nil }
        let at = place.appending(keyword)
        guard let elements = value.array, !elements.isEmpty || parent == nil else {
            problem(at, "must be a list of at least one schema")
            return nil
        }
        return elements.enumerated().map { index, element in
            let at = at.appending(index)
            return parent.map { inPlace(element, $0, at: at) } ?? self.schema(element, at: at)
        }
    }

    private mutating func objectMembers(
        _ keyword: String, of schema: JSONValue, at place: JSONPointer
    ) -> [(key: String, value: JSONValue)] {
        guard let value = schema[keyword] else { return [] }
        if let members = value.object { return members }
        problem(place.appending(keyword), "must be an object")
        return []
    }

    private mutating func exactNumber(
        _ keyword: String, of schema: JSONValue, at place: JSONPointer
    ) -> (ExactNumber, String)? {
        switch schema[keyword] {
        case nil: return nil
        case .integer(let text), .fraction(let text): return (ExactNumber(text), text)
        case .null, .bool, .string, .array, .object:
            problem(place.appending(keyword), "must be a number")
            return nil
        }
    }

    private mutating func range(
        _ least: String, _ most: String, of schema: JSONValue, at place: JSONPointer
    ) -> SchemaRange? {
        guard schema[least] != nil || schema[most] != nil else { return nil }
        let lower = count(least, of: schema, at: place) ?? 0
        let upper = count(most, of: schema, at: place) ?? .max
        return SchemaRange(least: lower, most: upper)
    }

    private mutating func count(_ keyword: String, of schema: JSONValue, at place: JSONPointer) -> Int? {
        guard let value = schema[keyword] else { return nil }
        // 2.0 is a whole number.
        if case .fraction(let text) = value, ExactNumber(text).isInteger, let count = Double(text),
            (0...1e15).contains(count)
        {
            return Int(count)
        }
        if let count = value.int, count >= 0 { return count }
        problem(place.appending(keyword), "must be a whole number from 0")
        return nil
    }

    private mutating func pattern(_ text: String, at place: JSONPointer) -> SchemaPattern? {
        do {
            return try SchemaPattern(text)
        } catch {
            problem(place, "is not a supported regular expression: \(error)")
            return nil
        }
    }

    private static func strings(_ value: JSONValue) -> [String]? {
        guard let elements = value.array else { return nil }
        let texts = elements.compactMap(\.string)
        return texts.count == elements.count ? texts : nil
    }

    private static func shown(_ values: [JSONValue]) -> String {
        let texts = values.prefix(20).map { SchemaCheck.shown($0) }
        return texts.joined(separator: ", ") + (values.count > 20 ? ", …" : "")
    }

    // MARK: Cycles

    /// Refuses references that lead back to their schema without descending into the value.
    private mutating func refuseCycles() {
        var open = sameValue.map(\.count)
        var parents = [[Int]](repeating: [], count: sameValue.count)
        for (parent, children) in sameValue.enumerated() {
            for child in children { parents[child].append(parent) }
        }
        // Removes schemas that lead nowhere until only the cycles are left.
        var done = open.indices.filter { open[$0] == 0 }
        while let next = done.popLast() {
            for parent in parents[next] {
                open[parent] -= 1
                if open[parent] == 0 { done.append(parent) }
            }
        }
        if let cycle = open.firstIndex(where: { $0 > 0 }) {
            problem(places[cycle], "leads through $ref back to itself, so a check would never end")
        }
    }
}
