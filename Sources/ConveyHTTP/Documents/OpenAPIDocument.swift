import Conversation
import JournalPort

/// The HTTP service as an OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0). Views, parameters and dead-letter
/// operations come from the same tables that the request parsers use, so the two cannot diverge.
///
/// Requests that the schemas allow are answered, and others are refused (schemathesis finds no difference), except for
/// two byte limits that a schema cannot express: a subject has at most 256, a type 1,024.
enum OpenAPIDocument {
    /// - Parameter shards: the journal's number of shards: positions and cursors depend on it.
    static func text(version: String, shards: Int) -> String {
        DocumentText.object([
            ("openapi", #""3.1.0""#),
            (
                "info",
                DocumentText.object([
                    ("title", #""Convey""#), ("version", DocumentText.quoted(version)),
                    (
                        "description",
                        DocumentText.quoted(
                            "Queries, live events, signals, dead letters, health and metrics of a conversation runtime."
                                + " Loopback needs no authentication; other addresses need a bearer token of scope read, write or admin."
                        )
                    ), ("license", #"{"name":"Apache-2.0","identifier":"Apache-2.0"}"#),
                ])
            ),
            ("servers", #"[{"url":"/"}]"#),
            // The empty requirement: loopback needs no token, unless tokens are configured.
            ("security", #"[{"bearer":[]},{}]"#),
            (
                "paths",
                DocumentText.object(
                    QueryView.allCases.map { path($0, shards: shards) }
                        + DeadLetterOperation.allCases.map { path($0, shards: shards) } + [stream, signals, cluster]
                        + operations)
            ),
            (
                "components",
                DocumentText.object([
                    ("schemas", schemas(shards: shards)),
                    (
                        "securitySchemes",
                        #"{"bearer":{"type":"http","scheme":"bearer","description":"A token of the scope read for GET, write for signals, admin to move dead letters."}}"#
                    ),
                ])
            ),
        ])
    }

    /// The schemas of answers, and of the parts of requests besides parameters.
    private static func schemas(shards: Int) -> String {
        let positions = DocumentText.object([
            ("JournalPosition", DocumentText.journalPosition(shards: shards)),
            (
                "Positions",
                ##"{"type":"object","required":["positions"],"properties":{"positions":{"type":"array","minItems":1,"maxItems":"##
                    + ##"\##(DeadLetterMove.limit),"items":{"$ref":"#/components/schemas/JournalPosition"}}}}"##
            ),
        ])
        return positions.dropLast() + "," + DocumentText.schemas.trimmingPrefix { $0.isWhitespace || $0 == "{" }
    }

    private static func path(_ view: QueryView, shards: Int) -> (name: String, json: String) {
        let name = QueryPath.path(view: view, segment: "{subject}")
        var parameters = DocumentedParameter.all(of: view, shards: shards).map(\.json)
        if view.needsSubject {
            parameters.insert(subject, at: 0)
        }
        let answers =
            [
                ("200", answer("the view", DocumentText.schemaName(view))),
                ("400", answer("a parameter is unknown, invalid or missing", "Error")),
                ("404", answer("there is no such conversation or signal", "Error")),
                ("503", answer("too many queries wait, or the journal cannot be read; try again later", "Error")),
                ("504", answer("the query took too long; try again, or ask for less", "Error")),
            ].filter { view.needsSubject || $0.0 != "404" } + refusals
        let get = DocumentText.object([
            ("operationId", DocumentText.quoted(view.rawValue)), ("summary", DocumentText.quoted(view.summary)),
            ("parameters", DocumentText.array(parameters)), ("responses", DocumentText.object(answers)),
        ])
        return (name, DocumentText.object([("get", get)]))
    }

    private static func path(_ operation: DeadLetterOperation, shards: Int) -> (name: String, json: String) {
        let (parameters, answers): ([String], [(name: String, json: String)])
        switch operation {
        case .list:
            parameters = [
                ##"{"name":"after","in":"query","description":"only letters after this position; 0 for all","schema":\##(DocumentText.listedPosition(shards: shards)),"example":\##(example(0, shards))}"##,
                #"{"name":"limit","in":"query","description":"maximum number of letters","schema":{"type":"integer","minimum":1,"maximum":\#(DeadLetterMove.limit),"default":\#(DeadLetterOperation.pageSize)},"example":10}"#,
                #"{"name":"reason","in":"query","description":"only letters with this reason, or any; without it, all but discarded ones","schema":{"type":"string","enum":\#(DocumentText.array(DeadLetterSelection.words.map(DocumentText.quoted)))},"example":"any"}"#,
            ]
            answers = [("200", answer("a page of dead letters by position", "DeadLetters"))]
        case .show:
            parameters = [
                ##"{"name":"position","in":"path","required":true,"description":"the signal's position in the journal","schema":{"$ref":"#/components/schemas/JournalPosition"},"example":\##(example(5, shards))}"##
            ]
            answers = [
                ("200", answer("the letter", "DeadLetter")),
                ("404", answer("there is no dead letter at this position", "Problem")),
            ]
        case .redrive, .discard:
            parameters = []
            answers = [
                ("200", answer("the outcome for each position, in the order of the request", "DeadLetterResults")),
                ("415", answer("the content type is not application/json", "Problem")),
            ]
        }
        var members = [
            ("operationId", DocumentText.quoted("\(operation.rawValue)DeadLetters")),
            ("summary", DocumentText.quoted(operation.summary)),
            ("parameters", DocumentText.array(parameters)),
            (
                "responses",
                DocumentText.object(
                    answers + refusals + [
                        ("400", answer("a parameter, a position or the body is invalid", "Problem")),
                        ("503", answer("the journal is not available, or too many requests wait", "Problem")),
                    ])
            ),
        ]
        let isPost = operation.method == .POST
        if isPost {
            members.append(
                (
                    "requestBody",
                    ##"{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Positions"}}}}"##
                ))
        }
        return (operation.path, DocumentText.object([(isPost ? "post" : "get", DocumentText.object(members))]))
    }

    private static func example(_ position: Int, _ shards: Int) -> String {
        shards == 1 ? "\(position)" : DocumentText.quoted("0.\(position)")
    }

    /// Errors that any request under `/v1` can get before it is processed.
    private static let refusals = [
        ("401", answer("a token is missing, unknown or has expired", "Problem")),
        ("403", answer("the token's scope is insufficient, or the request comes from another site's page", "Problem")),
        ("421", answer("the request is addressed to a name that is not this service's", "Problem")),
    ]

    private static let subject =
        ##"{"name":"subject","in":"path","required":true,"description":"the conversation, percent-encoded into one segment: %XX with capital digits, only where an escape is required","schema":{"$ref":"#/components/schemas/Subject"},"example":"chat-42"}"##

    private static let stream: (name: String, json: String) = {
        let parameters = [
            subject,
            #"{"name":"after","in":"query","description":"starts after this offset; if absent, with the next event","schema":\#(DocumentText.offset),"example":0}"#,
            #"{"name":"Last-Event-ID","in":"header","description":"same as after; takes precedence","schema":\#(DocumentText.offset),"example":0}"#,
        ]
        let events =
            #"{"description":"events as they are recorded; id is the offset, data the envelope as in the view events","content":{"text/event-stream":{"schema":{"type":"string"}}}}"#
        let get = DocumentText.object([
            ("operationId", #""stream""#),
            ("summary", #""a conversation's live events, as server-sent events""#),
            ("parameters", DocumentText.array(parameters)),
            (
                "responses",
                DocumentText.object(
                    [("200", events), ("400", answer("the path or the offset is invalid", "Problem"))] + refusals + [
                        ("503", answer("too many streams are open; try again later", "Problem"))
                    ])
            ),
        ])
        return (StreamRoutes.path, DocumentText.object([("get", get)]))
    }()

    private static let cluster: (name: String, json: String) = {
        let status =
            #"{"description":"the nodes and shards","content":{"application/json":{"schema":{"type":"object","required":["node","nodes","shards"],"properties":{"node":{"type":"string"},"nodes":{"type":"array","items":{"type":"object"}},"shards":{"type":"array","items":{"type":"object"}}}}}}}"#
        let get = DocumentText.object([
            ("operationId", #""cluster""#),
            ("summary", #""the nodes that share the journal, and its shards with their owners""#),
            (
                "responses",
                DocumentText.object(
                    [("200", status), ("400", answer("it takes no parameters", "Problem"))] + refusals)
            ),
        ])
        return (ClusterRoutes.path, DocumentText.object([("get", get)]))
    }()

    private static let signals: (name: String, json: String) = {
        let parameters = [
            subject,
            #"{"name":"type","in":"query","required":true,"description":"the signal's type. An envelope may name it instead, with the content type application/cloudevents+json","schema":{"type":"string","pattern":"^conv\\.in(\\.[^.\\u0000-\\u001f\\u007f-\\u009f]+){1,62}$"},"example":"conv.in.note.taken"}"#,
            #"{"name":"ce-id","in":"header","description":"the attribute id of a binary CloudEvent; other attributes likewise","schema":{"type":"string","pattern":"^[!-~]{1,256}$"}}"#,
        ]
        let post = DocumentText.object([
            ("operationId", #""recordSignal""#),
            ("summary", #""records a signal of the family in; responds after the commit""#),
            ("parameters", DocumentText.array(parameters)),
            (
                "requestBody",
                #"{"required":true,"content":{"application/json":{"schema":\#(signalData)}}}"#
            ),
            (
                "responses",
                DocumentText.object(
                    [
                        ("200", answer("the signal was already recorded", "Receipt")),
                        ("201", answer("the signal was recorded", "Receipt")),
                        (
                            "400",
                            answer(
                                "the signal, the path or a parameter is invalid; nothing was recorded", "Receipt",
                                or: "Problem")
                        ),
                    ] + refusals + [
                        ("413", answer("the signal is too large", "Problem")),
                        ("415", answer("the content type is not supported", "Problem")),
                        ("503", answer("nothing was recorded; try again later with the same id", "Problem")),
                    ])
            ),
        ])
        return (SignalRoutes.path, DocumentText.object([("post", post)]))
    }()

    /// A signal's data without an envelope.
    private static let signalData =
        #"{"type":["object","null"],"properties":{"message_id":\#(present),"ingress":\#(present),"#
        + #""cause_id":{"type":["string","null"],"maxLength":1024,"pattern":"\#(DocumentText.visible)"}}}"#
    /// A value that is neither null nor a blank text.
    private static let present =
        #"{"type":["string","number","boolean","array","object"],"pattern":"[^\\u0009-\\u000d\\u0020\\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"}"#

    private static func answer(_ description: String, _ schema: String, or other: String? = nil) -> String {
        let schemas = [schema, other].compactMap(\.self).map { ##"{"$ref":"#/components/schemas/\##($0)"}"## }
        let content = other == nil ? schemas[0] : #"{"anyOf":"# + DocumentText.array(schemas) + "}"
        return DocumentText.object([
            ("description", DocumentText.quoted(description)),
            ("content", #"{"application/json":{"schema":\#(content)}}"#),
        ])
    }

    private static let operations: [(name: String, json: String)] = [
        (
            "/healthz",
            #"{"get":{"operationId":"health","summary":"whether all threads make progress","responses":{"200":{"description":"all threads make progress","content":{"application/json":{"schema":{"type":"object"}}}},"503":{"description":"a thread hangs; the body names it","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
        ),
        (
            "/readyz",
            #"{"get":{"operationId":"readiness","summary":"whether signals are accepted","responses":{"200":{"description":"signals are accepted","content":{"application/json":{"schema":{"type":"object"}}}},"503":{"description":"signals are not accepted; the body names what is missing","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
        ),
        (
            "/metrics",
            #"{"get":{"operationId":"metrics","summary":"numbers in the Prometheus text format","responses":{"200":{"description":"the numbers","content":{"text/plain":{"schema":{"type":"string"}}}}}}}"#
        ),
        (
            "/openapi.json",
            #"{"get":{"operationId":"openapi","summary":"this document","responses":{"200":{"description":"the document","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
        ),
        (
            "/asyncapi.json",
            #"{"get":{"operationId":"asyncapi","summary":"the topics as an AsyncAPI document","responses":{"200":{"description":"the document","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
        ),
    ]
}
