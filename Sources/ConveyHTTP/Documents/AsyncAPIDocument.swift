import Conversation
import Signals

/// The topics as an AsyncAPI 3.0 document (asyncapi.com/docs/reference/specification/v3.0.0), from the application's
/// point of view: Convey receives what clients publish, and sends what they subscribe to.
enum AsyncAPIDocument {
    static func text(version: String, root: String, broker: DocumentedBroker) -> String {
        DocumentText.object([
            ("asyncapi", #""3.0.0""#),
            (
                "info",
                DocumentText.object([
                    ("title", #""Convey""#), ("version", DocumentText.quoted(version)),
                    (
                        "description",
                        DocumentText.quoted(
                            "A durable conversation runtime on MQTT. Everything is QoS 1; events are CloudEvents 1.0 in"
                                + " structured JSON. A subject is percent-encoded into one topic level; {rest} is the type"
                                + " without conv.{family}., with dots replaced by slashes, so it has several levels.")
                    ), ("license", #"{"name":"Apache-2.0"}"#),
                ])
            ),
            ("servers", broker.servers),
            ("defaultContentType", #""application/cloudevents+json""#),
            ("channels", DocumentText.object(channels(root))),
            ("operations", DocumentText.object(operations)),
            (
                "components",
                DocumentText.object([
                    ("schemas", DocumentText.schemas),
                    ("messages", DocumentText.object(messages + DocumentedType.all.map(message))),
                    ("securitySchemes", broker.securitySchemes),
                ])
            ),
        ])
    }

    private static let server = ##"[{"$ref":"#/servers/broker"}]"##

    /// For a message that gets an answer: what its publisher sets (MQTT 5, section 3.3.2.3).
    private static let request =
        #"{"mqtt":{"contentType":"application/json","responseTopic":{"type":"string"},"correlationData":{"type":"string"},"bindingVersion":"0.2.0"}}"#
    /// For an answer.
    private static let reply =
        #"{"mqtt":{"contentType":"application/json","correlationData":{"type":"string"},"bindingVersion":"0.2.0"}}"#
    /// For a signal: with or without an envelope, with or without a receipt.
    private static let inbound =
        #"{"mqtt":{"responseTopic":{"type":"string"},"correlationData":{"type":"string"},"bindingVersion":"0.2.0"}}"#
    /// For an event.
    private static let event =
        #"{"mqtt":{"contentType":"application/cloudevents+json","bindingVersion":"0.2.0"}}"#

    private static func channels(_ root: String) -> [(name: String, json: String)] {
        func channel(
            _ name: String, _ address: String, _ message: String, _ description: String, family: Family? = nil
        ) -> (String, String) {
            let messages = [message] + DocumentedType.all.filter { $0.family == family }.map(\.name)
            let names = address.split(separator: "{").dropFirst().map { $0.prefix { $0 != "}" } }
            var members = [
                ("address", DocumentText.quoted("\(root)/\(address)")),
                ("description", DocumentText.quoted(description)), ("servers", server),
                (
                    "messages",
                    DocumentText.object(messages.map { ($0, ##"{"$ref":"#/components/messages/\##($0)"}"##) })
                ),
            ]
            if !names.isEmpty {
                let parameters = names.map { (String($0), #"{"description":\#(words(String($0)))}"#) }
                members.append(("parameters", DocumentText.object(parameters)))
            }
            return (name, DocumentText.object(members))
        }
        return [
            channel(
                "in", "in/{subject}/{rest}", "signal",
                "signals of type conv.in.{rest} from clients; other types are only recorded",
                family: .inbound),
            channel(
                "inWithType", "in/{subject}", "signal", "the same, with the type in the envelope",
                family: .inbound),
            channel("ingest", "ingest/{subject}", "signal", "signals of any family but applied, from trusted programs"),
            channel("out", "out/{subject}/{rest}", "event", "output for users", family: .output),
            channel("effect", "effect/{subject}/{rest}", "event", "the lifecycle of effects", family: .effect),
            channel(
                "applied", "applied/{subject}/event/applied", "event",
                "markers: the order in which signals were applied",
                family: .applied),
            channel(
                "audit", "audit/{subject}/{rest}", "event", "rejections, dead letters and failed attempts",
                family: .audit),
            channel("toolCall", "tool/{name}/call", "toolCall", "calls to a tool, for its workers"),
            channel("toolResult", "tool/{name}/result/{effect}", "toolAnswer", "progress, results and errors of calls"),
            channel("toolCancel", "tool/{name}/cancel", "toolCancel", "calls whose results are no longer needed"),
            channel(
                "toolPresence", "tool/{name}/presence/{worker}", "toolPresence",
                "a worker that is there, retained; its last will takes the message away"),
            channel("status", "status/{node}", "status", "online or offline, retained"),
            channel(
                "receipt", "receipt/{subject}/{client}", "receipt",
                "receipts, if mqtt.response_topics allows this topic"),
            channel("query", "query/{subject}/{view}", "question", "queries about conversations"),
            (
                "answer",
                DocumentText.object([
                    ("address", "null"), ("servers", server),
                    (
                        "description",
                        #""the query's response topic, if mqtt.response_topics allows it""#
                    ),
                    ("messages", ##"{"answer":{"$ref":"#/components/messages/answer"}}"##),
                ])
            ),
        ]
    }

    private static func words(_ parameter: String) -> String {
        switch parameter {
        case "subject": #""the conversation, percent-encoded into one level""#
        case "rest": #""the type without conv.{family}., with dots replaced by slashes""#
        case "node": #""the node's name""#
        case "client": #""any name, such as the client's id""#
        case "name": #""the tool's name""#
        case "worker": #""any name that no other worker of the tool has""#
        case "effect": #""the effect's id, percent-encoded into one level; the call carries the topic""#
        default:
            #""one of the views; the subject is _ for conversations and effects","enum":["# + views + "]"
        }
    }

    private static var views: String {
        QueryView.allCases.map { DocumentText.quoted($0.rawValue) }.joined(separator: ",")
    }

    private static let operations: [(name: String, json: String)] = {
        let received = [("in", "takeSignal"), ("inWithType", "takeSignalWithType"), ("ingest", "ingestSignal")]
        let sent = [
            ("out", "publishOutput"), ("effect", "publishEffect"), ("applied", "publishMarker"),
            ("audit", "publishAudit"), ("status", "publishStatus"), ("toolCall", "callTool"),
            ("toolCancel", "cancelToolCall"),
        ]
        let bindings = #""bindings":{"mqtt":{"qos":1,"retain":false,"bindingVersion":"0.2.0"}}"#
        let receives = received.map { channel, name in
            (
                name,
                ##"{"action":"receive","channel":{"$ref":"#/channels/\##(channel)"},\##(bindings),"##
                    + ##""reply":{"address":{"location":"$message.header#/responseTopic"},"channel":{"$ref":"#/channels/receipt"}}}"##
            )
        }
        let sends = sent.map { channel, name in
            let binding = channel == "status" ? bindings.replacing("false", with: "true") : bindings
            return (name, ##"{"action":"send","channel":{"$ref":"#/channels/\##(channel)"},\##(binding)}"##)
        }
        let query = (
            "answerQuery",
            ##"{"action":"receive","channel":{"$ref":"#/channels/query"},\##(bindings),"##
                + ##""reply":{"address":{"location":"$message.header#/responseTopic"},"channel":{"$ref":"#/channels/answer"}}}"##
        )
        let answer = (
            "takeToolAnswer",
            ##"{"action":"receive","channel":{"$ref":"#/channels/toolResult"},\##(bindings)}"##
        )
        let presence = (
            "takeToolPresence",
            ##"{"action":"receive","channel":{"$ref":"#/channels/toolPresence"},"##
                + bindings.replacing("false", with: "true") + "}"
        )
        return receives + sends + [answer, presence, query]
    }()

    private static func message(_ type: DocumentedType) -> (name: String, json: String) {
        let data = type.dataSchema
        let payload =
            type.family == .inbound
            ? data
            : ##"{"allOf":[{"$ref":"#/components/schemas/Event"},{"type":"object","properties":{"type":{"const":"##
                + DocumentText.quoted(type.name) + #"},"data":"# + data + "}}]}"
        return (
            type.name,
            DocumentText.object([
                ("name", DocumentText.quoted(type.name)),
                (
                    "summary",
                    DocumentText.quoted(
                        type.family == .inbound
                            ? "\(type.summary); the payload is data, alone or in an envelope" : type.summary)
                ), ("payload", payload), ("bindings", type.family == .inbound ? inbound : event),
            ])
        )
    }

    private static var messages: [(name: String, json: String)] {
        var parameters: [String: String] = [:]
        for view in QueryView.allCases {
            for parameter in view.parameters where parameters[parameter.rawValue] == nil {
                parameters[parameter.rawValue] = DocumentText.object([
                    ("description", DocumentText.quoted(parameter.summary)),
                    ("type", parameter.isNumber ? #""integer""# : #""string""#),
                ])
            }
        }
        let members = QueryParameter.allCases.compactMap { parameter in
            parameters[parameter.rawValue].map { (name: parameter.rawValue, json: $0) }
        }
        let answers = (QueryView.allCases.map(DocumentText.schemaName) + ["Error"]).map {
            ##"{"$ref":"#/components/schemas/\##($0)"}"##
        }
        return [
            (
                "signal",
                #"{"summary":"A CloudEvent: structured, binary (attributes as user properties, with or without the prefix ce-) or bare (data alone).","payload":{"type":"object"},"bindings":\#(inbound)}"#
            ),
            ("event", ##"{"payload":{"$ref":"#/components/schemas/Event"},"bindings":\##(event)}"##),
            (
                "status",
                #"{"contentType":"application/json","payload":{"type":"object","required":["status","node","version"],"properties":{"status":{"enum":["online","offline"]},"node":{"type":"string"},"version":{"type":"string"}}}}"#
            ),
            (
                "receipt",
                #"{"contentType":"application/json","bindings":\#(reply),"payload":{"type":"object","required":["status"],"properties":{"status":{"enum":["recorded","duplicate","rejected"]},"id":{"type":"string"},"subject":{"type":"string"},"offset":{"type":"integer"},"code":{"type":"string"},"message":{"type":"string"}}}}"#
            ),
            (
                "toolCall",
                #"{"contentType":"application/json","bindings":\#(request),"summary":"A call. The worker replies to response_topic, with the correlation data or with idempotency_key and attempt.","payload":{"type":"object","required":["call_id","name","arguments","effect_id","subject","attempt","idempotency_key","response_topic","deadline"],"properties":{"call_id":{"type":"string"},"name":{"type":"string"},"arguments":{"type":"object"},"effect_id":{"type":"string"},"subject":{"type":"string"},"attempt":{"type":"integer"},"idempotency_key":{"type":"string"},"response_topic":{"type":"string"},"deadline":{"type":"string","format":"date-time"},"traceparent":{"type":"string"}}}}"#
            ),
            (
                "toolAnswer",
                #"{"contentType":"application/json","bindings":\#(reply),"summary":"Any number of progress messages, then one result or error.","payload":{"type":"object","required":["type"],"properties":{"type":{"enum":["progress","result","error"]},"message":{"type":"string"},"content":{"description":"For a result: a string is used as text, any other value as its JSON."},"retriable":{"type":"boolean","description":"For an error."},"idempotency_key":{"type":"string"},"attempt":{"type":"integer"}}}}"#
            ),
            (
                "toolPresence",
                #"{"contentType":"text/plain","bindings":{"mqtt":{"contentType":"text/plain","bindingVersion":"0.2.0"}},"summary":"Ends the wait of calls of the tool.","payload":{"type":"string","const":"online"}}"#
            ),
            (
                "toolCancel",
                #"{"contentType":"application/json","bindings":{"mqtt":{"contentType":"application/json","bindingVersion":"0.2.0"}},"payload":{"type":"object","required":["effect_id","idempotency_key","attempt","reason"],"properties":{"effect_id":{"type":"string"},"idempotency_key":{"type":"string"},"attempt":{"type":"integer"},"reason":{"enum":["canceled","timeout"]}}}}"#
            ),
            (
                "question",
                DocumentText.object([
                    ("bindings", request),
                    ("contentType", #""application/json""#),
                    (
                        "summary",
                        #""Parameters of the view, or nothing. Requires MQTT 5 and a response topic; correlation data is returned unchanged.""#
                    ),
                    (
                        "payload",
                        #"{"type":"object","additionalProperties":false,"properties":"# + DocumentText.object(members)
                            + "}"
                    ),
                ])
            ),
            (
                "answer",
                DocumentText.object([
                    ("bindings", reply),
                    ("contentType", #""application/json""#),
                    (
                        "summary",
                        #""The view's answer or an error, the same bytes as over HTTP; the user property status holds the HTTP status.""#
                    ),
                    ("payload", #"{"oneOf":"# + DocumentText.array(answers) + "}"),
                ])
            ),
        ]
    }
}
