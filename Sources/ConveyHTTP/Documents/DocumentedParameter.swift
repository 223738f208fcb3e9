import Conversation
import JournalPort
import Signals

/// Parameters of queries as JSON schemas, exactly as strict as `QueryRequest` and the cursors of lists.
///
/// Parameters that require or exclude each other form one parameter of the document: an object whose members are
/// separate in the query string (`style: form`, `explode: true`), with an alternative for each valid combination.
struct DocumentedParameter {
    let name: String
    let description: String
    let isRequired: Bool
    /// JSON.
    let schema: String
    /// JSON, for a parameter that is not an object.
    let example: String?

    /// - Parameter shards: the journal's number of shards; cursors have a place for each.
    static func all(of view: QueryView, shards: Int) -> [DocumentedParameter] {
        switch view {
        case .events: [page] + single(view, besides: [.before, .after, .afterSequence, .family], shards: shards)
        case .conversations:
            [order(shards: shards)] + single(view, besides: [.order, .since, .cursor], shards: shards)
        case .timeline, .context, .state, .trace, .effects: single(view, besides: [], shards: shards)
        }
    }

    /// The OpenAPI form.
    var json: String {
        var members = [
            ("name", DocumentText.quoted(name)), ("in", #""query""#), ("required", isRequired ? "true" : "false"),
            ("description", DocumentText.quoted(description)), ("schema", schema),
        ]
        if let example {
            members.append(("example", example))
        } else {
            members += [("style", #""form""#), ("explode", "true")]
        }
        return DocumentText.object(members)
    }

    private static func single(
        _ view: QueryView, besides grouped: Set<QueryParameter>, shards: Int
    ) -> [DocumentedParameter] {
        view.parameters.filter { !grouped.contains($0) }.map { parameter in
            DocumentedParameter(
                name: parameter.rawValue, description: parameter.summary, isRequired: parameter == .id,
                schema: schema(parameter, of: view, shards: shards), example: example(parameter, of: view))
        }
    }

    /// The page of a conversation's events: at most one of three starting points, the last one only with a single
    /// family.
    private static let page = DocumentedParameter(
        name: "page", description: "before, after or after_sequence, and family: each a parameter of the query string",
        isRequired: false,
        schema: alternatives(
            [
                ([.before, .family], [], [:]), ([.after, .family], [.after], [:]),
                (
                    [.afterSequence, .family], [.afterSequence, .family],
                    [.family: #"{"type":"string","enum":["in","applied","effect","out","audit"],"examples":["out"]}"#]
                ),
            ], of: .events, shards: 1), example: nil)

    /// The order of conversations: a cursor belongs to one order, and since to the latest activity.
    private static func order(shards: Int) -> DocumentedParameter {
        let places = "[0-9]{1,18}" + String(repeating: #"\\.([0-9]{1,18})?"#, count: shards - 1)
        return DocumentedParameter(
            name: "list", description: "order and its parameters: each a parameter of the query string",
            isRequired: false,
            schema: alternatives(
                [
                    ([.order, .cursor], [], [.order: #"{"const":"subject","examples":["subject"]}"#]),
                    (
                        [.order, .since, .cursor], [.order],
                        [
                            .order: #"{"const":"recent","examples":["recent"]}"#,
                            .cursor: #"{"type":"string","pattern":"^\#(places)$"}"#,
                        ]
                    ),
                ], of: .conversations, shards: shards), example: nil)
    }

    private static func alternatives(
        _ all: [(has: [QueryParameter], requires: [QueryParameter], other: [QueryParameter: String])],
        of view: QueryView, shards: Int
    ) -> String {
        let schemas = all.map { alternative in
            let properties = alternative.has.map { parameter in
                (
                    name: parameter.rawValue,
                    json: alternative.other[parameter] ?? described(parameter, of: view, shards: shards)
                )
            }
            return DocumentText.object([
                ("type", #""object""#), ("additionalProperties", "false"),
                ("required", DocumentText.array(alternative.requires.map { DocumentText.quoted($0.rawValue) })),
                ("properties", DocumentText.object(properties)),
            ])
        }
        return DocumentText.object([("type", #""object""#), ("anyOf", DocumentText.array(schemas))])
    }

    /// A schema with the parameter's summary and an example.
    private static func described(_ parameter: QueryParameter, of view: QueryView, shards: Int) -> String {
        let schema = schema(parameter, of: view, shards: shards).dropLast()
        let example = parameter == .cursor ? "" : #","examples":[\#(example(parameter, of: view))]"#
        return "\(schema),\"description\":\(DocumentText.quoted(parameter.summary))\(example)}"
    }

    /// A value that works for every conversation with a record.
    static func example(_ parameter: QueryParameter, of view: QueryView) -> String {
        switch parameter {
        case .limit: "10"
        case .before: "100"
        case .after, .afterSequence: "0"
        case .asOf: "20"
        case .family: DocumentText.quoted("out")
        case .type: DocumentText.quoted(SignalType.assistantPrefix + "*")
        case .since: DocumentText.quoted("2026-01-01T00:00:00Z")
        case .until: DocumentText.quoted("2100-01-01T00:00:00Z")
        case .id: DocumentText.quoted("55b154df-cfc7-44bb-b4fc-d6074b992c2b")
        case .prefix: DocumentText.quoted("chat-")
        case .contains: DocumentText.quoted("HAT-4")
        case .order: DocumentText.quoted("recent")
        case .shape: DocumentText.quoted("reference")
        case .subject: DocumentText.quoted("chat-42")
        case .cursor: DocumentText.quoted(view == .effects ? "1-0" : "1")
        }
    }

    private static let families = "(in|applied|effect|out|audit)"

    /// The JSON schema of a parameter.
    static func schema(_ parameter: QueryParameter, of view: QueryView, shards: Int) -> String {
        switch parameter {
        case .limit:
            #"{"type":"integer","minimum":1,"maximum":\#(view.limits.most),"default":\#(view.limits.standard)}"#
        case .before, .after, .asOf, .afterSequence: DocumentText.offset
        case .since, .until: DocumentText.time
        case .order: #"{"type":"string","enum":["subject","recent"],"default":"subject"}"#
        case .shape: #"{"type":"string","enum":["answers","reference"],"default":"answers"}"#
        case .subject: ##"{"$ref":"#/components/schemas/Subject"}"##
        case .family: #"{"type":"string","pattern":"^\#(families)(,\#(families))*$"}"#
        case .id: #"{"type":"string","minLength":1}"#
        case .cursor where view == .effects:
            #"{"type":"string","pattern":"^\#(effectPlaces(shards))$"}"#
        case .type, .prefix, .contains, .cursor: #"{"type":"string"}"#
        }
    }

    private static func effectPlaces(_ shards: Int) -> String {
        let place = "[0-9]{1,18}-[0-9]{1,9}"
        return shards == 1 ? place : "(\(place))?" + String(repeating: #"\\.(\#(place))?"#, count: shards - 1)
    }
}
