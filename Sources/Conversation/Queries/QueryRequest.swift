import Signals

/// A query about conversations, the same at every endpoint. Parsed from texts, so that a query string, a JSON object and
/// flags mean the same.
public struct QueryRequest: Sendable, Equatable {
    /// A page of a conversation, by offsets.
    public enum Page: Sendable, Equatable {
        /// The newest elements, before the offset if one is given.
        case last(before: Int64?)
        /// The oldest elements after an offset.
        case first(after: Int64)
        /// The oldest elements of a family after a sequence.
        case firstOfFamily(afterSequence: Int64)
    }

    public enum Order: String, Sendable, CaseIterable {
        /// By the bytes of the subject.
        case subject
        /// Latest activity first.
        case recent
    }

    /// Types to show.
    public enum TypeFilter: Sendable, Equatable {
        case exact(String)
        case prefix(String)

        /// By bytes.
        public func matches(_ type: String) -> Bool {
            switch self {
            case .exact(let wanted): ExactText(wanted) == ExactText(type)
            case .prefix(let wanted): type.utf8.starts(with: wanted.utf8)
            }
        }
    }

    public var view: QueryView
    /// Empty if the view is not about a single conversation. For `effects`, the wanted conversation; empty for all.
    public var subject: String
    public var limit: Int
    public var page = Page.last(before: nil)
    public var asOf: Int64?
    /// Empty for all.
    public var families: Set<Family> = []
    /// Empty for all.
    public var types: [TypeFilter] = []
    /// Microseconds since 1970, compared with the recording time.
    public var since: Int64?
    public var until: Int64?
    public var id: String = ""
    public var prefix: String = ""
    public var contains: String = ""
    public var order = Order.subject
    public var cursor: String?
    /// For a timeline.
    public var shape = TimelineShape.answers

    /// A query without parameters.
    public init(_ view: QueryView, subject: String = "") {
        self.view = view
        self.subject = subject
        limit = view.limits.standard
    }

    /// Reads a query.
    /// - Parameters:
    ///   - subject: from the path, topic or command; not used if the view is not about a single conversation.
    ///   - parameters: names and values as texts. If a name is given twice, the last value counts.
    /// - Throws: `parameterUnknown`, `parameterInvalid`, `parameterMissing`.
    public init(
        _ view: QueryView, subject: String, parameters: [(name: String, value: String)]
    ) throws(QueryError) {
        self.init(view, subject: view.needsSubject ? subject : "")
        if view.needsSubject, let fault = AttributeText.fault(subject, maximumBytes: AttributeText.maximumSubjectBytes)
        {
            throw QueryError(.parameterInvalid, "the subject \(fault)")
        }
        var given: [QueryParameter: String] = [:]
        for (name, value) in parameters {
            guard let parameter = QueryParameter(rawValue: name), view.parameters.contains(parameter) else {
                let known = view.parameters.map(\.rawValue).joined(separator: ", ")
                throw QueryError(
                    .parameterUnknown, "\(view.rawValue) has no parameter \(name.prefix(64)); it has \(known)")
            }
            given[parameter] = value
        }
        try read(given)
    }

    private mutating func read(_ given: [QueryParameter: String]) throws(QueryError) {
        if let number = try Self.number(.limit, given) {
            guard number >= 1, number <= view.limits.most else {
                throw QueryError(.parameterInvalid, "limit must be 1 to \(view.limits.most)")
            }
            limit = Int(number)
        }
        asOf = try Self.number(.asOf, given)
        if let text = given[.family] {
            for name in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let family = Family.allCases.first(where: { $0.name == name }) else {
                    throw QueryError(.parameterInvalid, "family must be one or more of in, applied, effect, out, audit")
                }
                families.insert(family)
            }
        }
        if let text = given[.type] {
            types = text.split(separator: ",").map { name in
                name.utf8.last == UInt8(ascii: "*") ? .prefix(String(name.dropLast())) : .exact(String(name))
            }
        }
        since = try Self.time(.since, given)
        until = try Self.time(.until, given)
        try readPage(given)
        try readNames(given)
    }

    private mutating func readPage(_ given: [QueryParameter: String]) throws(QueryError) {
        let ends: [QueryParameter] = [.before, .after, .afterSequence]
        guard ends.filter({ given[$0] != nil }).count <= 1 else {
            throw QueryError(.parameterInvalid, "give only one of before, after and after_sequence")
        }
        if let offset = try Self.number(.after, given) {
            page = .first(after: offset)
        } else if let sequence = try Self.number(.afterSequence, given) {
            guard families.count == 1 else {
                throw QueryError(.parameterMissing, "after_sequence requires exactly one family")
            }
            page = .firstOfFamily(afterSequence: sequence)
        } else {
            page = .last(before: try Self.number(.before, given))
        }
    }

    private mutating func readNames(_ given: [QueryParameter: String]) throws(QueryError) {
        id = given[.id] ?? ""
        if view == .trace, id.isEmpty { throw QueryError(.parameterMissing, "trace requires id, the signal's id") }
        prefix = given[.prefix] ?? ""
        contains = given[.contains] ?? ""
        cursor = given[.cursor]
        if let text = given[.order] {
            guard let order = Order(rawValue: text) else {
                throw QueryError(.parameterInvalid, "order must be subject or recent")
            }
            self.order = order
        }
        if let text = given[.subject] {
            if let fault = AttributeText.fault(text, maximumBytes: AttributeText.maximumSubjectBytes) {
                throw QueryError(.parameterInvalid, "the subject \(fault)")
            }
            subject = text
        }
        if let text = given[.shape] {
            guard let shape = TimelineShape(rawValue: text) else {
                throw QueryError(.parameterInvalid, "shape must be answers or reference")
            }
            self.shape = shape
        }
        // One position per shard.
        if order == .recent, let cursor,
            cursor.isEmpty
                || !cursor.utf8.allSatisfy({
                    $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                })
        {
            throw QueryError(.parameterInvalid, "the cursor does not belong to this order")
        }
        if view == .conversations, since != nil, order != .recent {
            throw QueryError(.parameterInvalid, "since requires order=recent")
        }
    }

    private static func number(
        _ parameter: QueryParameter, _ given: [QueryParameter: String]
    ) throws(QueryError) -> Int64? {
        guard let text = given[parameter] else { return nil }
        guard let number = Int64(text), number >= 0 else {
            throw QueryError(.parameterInvalid, "\(parameter.rawValue) must be a whole number from 0")
        }
        return number
    }

    private static func time(
        _ parameter: QueryParameter, _ given: [QueryParameter: String]
    ) throws(QueryError) -> Int64? {
        guard let text = given[parameter] else { return nil }
        guard let time = RFC3339.microseconds(text) else {
            throw QueryError(.parameterInvalid, "\(parameter.rawValue) must be a time like 2026-11-22T19:32:24Z")
        }
        return time
    }
}

extension QueryRequest {
    /// The parameters of a JSON object: texts, numbers, and lists of texts, which are joined by commas. No bytes mean
    /// an object without members.
    public static func parameters(json bytes: [UInt8]) throws(QueryError) -> [(name: String, value: String)] {
        if bytes.isEmpty { return [] }
        guard let object = JSONObjectView(bytes) else {
            throw QueryError(.parameterInvalid, "the parameters must be a JSON object")
        }
        var parameters: [(name: String, value: String)] = []
        for member in object.members {
            let name = object.key(member)
            let value = object.value(member)
            switch value.kind {
            case .null: continue
            case .string: parameters.append((name, value.string ?? ""))
            case .array:
                let texts = (value.elements ?? []).map { $0.string ?? "" }
                parameters.append((name, texts.joined(separator: ",")))
            case .integer, .fraction, .true, .false, .object:
                parameters.append((name, String(decoding: value.raw, as: UTF8.self)))
            }
        }
        return parameters
    }
}
