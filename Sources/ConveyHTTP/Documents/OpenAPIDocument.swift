import Conversation

/// The HTTP service in the terms of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.0). Views and parameters come from the tables
/// that also read the requests, so that they cannot differ.
enum OpenAPIDocument {
    static func text(version: String) -> String {
        DocumentText.object([
            ("openapi", #""3.1.0""#),
            (
                "info",
                DocumentText.object([
                    ("title", #""Convey""#), ("version", DocumentText.quoted(version)),
                    (
                        "description",
                        DocumentText.quoted(
                            "Queries, health and metrics of a conversation runtime. Read-only. There is no authentication:"
                                + " it listens on loopback unless told otherwise; put a proxy in front to expose it.")
                    ), ("license", #"{"name":"Apache-2.0","identifier":"Apache-2.0"}"#),
                ])
            ),
            ("servers", #"[{"url":"/"}]"#),
            ("paths", DocumentText.object(QueryView.allCases.map(path) + operations)),
            ("components", DocumentText.object([("schemas", DocumentText.schemas)])),
        ])
    }

    private static func path(_ view: QueryView) -> (name: String, json: String) {
        let name = view.needsSubject ? "\(QueryPath.base)/{subject}/\(view.rawValue)" : QueryPath.base
        var parameters = view.parameters.map { parameter in
            DocumentText.object([
                ("name", DocumentText.quoted(parameter.rawValue)), ("in", #""query""#),
                ("required", parameter == .id ? "true" : "false"),
                ("description", DocumentText.quoted(parameter.summary)),
                ("schema", DocumentText.schema(parameter, of: view)), ("example", DocumentText.example(parameter)),
            ])
        }
        if view.needsSubject {
            parameters.insert(
                ##"{"name":"subject","in":"path","required":true,"description":"the conversation, percent-encoded into one segment","schema":{"$ref":"#/components/schemas/Subject"},"example":"chat-42"}"##,
                at: 0)
        }
        let answers = [
            ("200", answer("what was asked for", DocumentText.schemaName(view))),
            ("400", answer("a parameter is unknown, invalid or missing", "Error")),
            ("404", answer("there is no such conversation or signal", "Error")),
            ("503", answer("too many queries wait, or the journal cannot be read: ask again later", "Error")),
            ("504", answer("it took too long: ask again, or for less", "Error")),
        ].filter { view.needsSubject || $0.0 != "404" }
        let get = DocumentText.object([
            ("operationId", DocumentText.quoted(view.rawValue)), ("summary", DocumentText.quoted(view.summary)),
            ("parameters", DocumentText.array(parameters)), ("responses", DocumentText.object(answers)),
        ])
        return (name, DocumentText.object([("get", get)]))
    }

    private static func answer(_ description: String, _ schema: String) -> String {
        DocumentText.object([
            ("description", DocumentText.quoted(description)),
            ("content", ##"{"application/json":{"schema":{"$ref":"#/components/schemas/\##(schema)"}}}"##),
        ])
    }

    private static let operations: [(name: String, json: String)] = [
        (
            "/healthz",
            #"{"get":{"operationId":"health","summary":"200 while the process runs","responses":{"200":{"description":"it runs","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
        ),
        (
            "/readyz",
            #"{"get":{"operationId":"readiness","summary":"whether signals are taken","responses":{"200":{"description":"they are","content":{"application/json":{"schema":{"type":"object"}}}},"503":{"description":"they are not; the body says what is missing","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
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
            #"{"get":{"operationId":"asyncapi","summary":"the topics in the terms of AsyncAPI","responses":{"200":{"description":"the document","content":{"application/json":{"schema":{"type":"object"}}}}}}}"#
        ),
    ]
}
