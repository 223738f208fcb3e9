import Conversation
import ConveyClient
import Foundation
import MQTTTransport
import Signals
import TestSupport
import Testing

/// One Convey with two conversations, queried through every endpoint.
@Suite("Queries")
struct QueryTests {
    /// `café/1` has an answer, an aborted answer, a tool's result from outside and a dead letter; `plain` a message and a timer.
    private static func deployment() async throws -> Deployment {
        let deployment = try Deployment(["--llm-echo-delay", "1ms", "--scheduler-cause-timeout", "20ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let level = TopicName.encode(level: "café/1")
        func send(_ topic: String, _ payload: String) async throws {
            try await client.publish(topic: topic, payload: Array(payload.utf8))
        }
        try await send("conv/in/\(level)/message/received", #"{"content":"one two three"}"#)
        _ = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        try await send(
            "conv/ingest/\(level)",
            #"{"specversion":"1.0","id":"run-7-done","source":"/runner","type":"conv.effect.tool.execution.completed","subject":"café/1","data":{"effect_id":"run-7","lifecycle":"completed","tool_name":"weather","message":"18 degrees"}}"#
        )
        try await send(
            "conv/in/\(level)",
            #"{"specversion":"1.0","id":"late","source":"/t","type":"conv.in.note.taken","causationid":"never","data":{}}"#
        )
        try await send("conv/in/plain/message/received", #"{"content":"hi"}"#)
        // In progress for the whole test.
        try await send("conv/in/plain/timer/tick", #"{"message_id":"tea","delay_ms":86400000}"#)
        _ = try await listener.first("the timer") { $0.type == "conv.effect.timer.wait.started" }
        _ = try await listener.first("the dead letter") { $0.type == "conv.audit.signal.dead_lettered" }
        _ = try await listener.first("the tool's output") { $0.type == "conv.out.tool.status" }
        _ = try await listener.first("the other answer") {
            $0.type == "conv.out.assistant.completed" && $0.subject == "plain"
        }
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") {
            try journal.number(
                "SELECT (SELECT count(*) FROM journal WHERE type IS NOT NULL) - (SELECT count(*) FROM journal WHERE type IS NULL)"
            ) == 1
        }
        await client.stop()
        await listener.stop()
        return deployment
    }

    private static func run(_ deployment: Deployment, _ arguments: [String], _ name: String) async throws
        -> ConveyProcess
    {
        let process = try ConveyProcess(arguments, in: deployment.directory, name: name)
        try await eventually("\(arguments) ends") { process.ended != nil }
        return process
    }

    private static let questions = [
        Question(.timeline, subject: "café/1"), Question(.timeline, subject: "café/1", parameters: [.limit: "1"]),
        Question(.timeline, subject: "café/1", parameters: [.asOf: "7"]),
        Question(.context, subject: "café/1"), Question(.events, subject: "café/1"),
        Question(.events, subject: "café/1", parameters: [.family: "out", .afterSequence: "1"]),
        Question(.events, subject: "plain", parameters: [.type: "conv.effect.*", .limit: "2"]),
        Question(.state, subject: "café/1"), Question(.state, subject: "café/1", parameters: [.asOf: "5"]),
        Question(.trace, subject: "café/1", parameters: [.id: "run-7-done"]),
        Question(.trace, subject: "café/1", parameters: [.id: "late"]),
        Question(.conversations), Question(.conversations, parameters: [.order: "recent", .limit: "1"]),
        Question(.conversations, parameters: [.contains: "FÉ"]),
        Question(.conversations, parameters: [.contains: "AF", .prefix: "c", .order: "recent"]),
        Question(.effects), Question(.effects, parameters: [.cursor: "1-0", .limit: "5"]),
        Question(.state, subject: "nobody"), Question(.state, subject: "plain", parameters: [.limit: "1"]),
    ]

    @Test("A question gets the same bytes at every endpoint", .timeLimit(.minutes(3)))
    func sameBytes() async throws {
        let deployment = try await Self.deployment()
        let http = HTTPQueryTransport(host: "127.0.0.1", port: UInt16(deployment.httpPort))
        let mqtt = try MQTTQueryTransport(
            broker: BrokerAddress(host: "127.0.0.1", port: deployment.broker.port), clientID: "asker")
        for (index, question) in Self.questions.enumerated() {
            let answer = try await http.ask(question)
            #expect(try await mqtt.ask(question) == answer, "\(question)")
            var arguments = [question.view.rawValue]
            if question.view.needsSubject { arguments.append(question.subject) }
            for (parameter, value) in question.parameters.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                switch parameter {
                case .id, .prefix: arguments.append(value)
                case .order: arguments.append("--recent")
                default: arguments += ["--\(parameter.rawValue.replacing("_", with: "-"))", value]
                }
            }
            // A command has no flag for a parameter that the view lacks.
            if answer.status == 400 { continue }
            let endpoints = [["--http", "127.0.0.1:\(deployment.httpPort)"], ["--data", deployment.dataDirectory]]
            for (endpoint, flags) in endpoints.enumerated() {
                let process = try await Self.run(deployment, arguments + flags + ["--json"], "ask-\(index)-\(endpoint)")
                if answer.status == 200 {
                    #expect(process.output == String(decoding: answer.body, as: UTF8.self) + "\n", "\(arguments)")
                    #expect(process.ended == .exited(0))
                } else {
                    #expect(process.ended == .exited(66) && process.output.isEmpty && !process.log.isEmpty)
                }
            }
        }
        // Without the service, and after it was killed, the journal gives the same.
        let question = Self.questions[4]
        let answer = try await http.ask(question)
        deployment.kill()
        let offline = try await Self.run(
            deployment, ["events", "café/1", "--json", "--data", deployment.dataDirectory], "offline")
        #expect(offline.output == String(decoding: answer.body, as: UTF8.self) + "\n")
        await #expect(throws: ConveyClientError.self) { try await http.ask(question) }
        await mqtt.stop()
    }

    @Test("Queried events equal the published ones byte for byte", .timeLimit(.minutes(1)))
    func asPublished() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publish(
            topic: "conv/in/a/message/received", payload: Array(#"{"content":"one two three"}"#.utf8))
        _ = try await listener.first("the last marker") {
            $0.data("original_type") == "conv.out.assistant.completed"
        }
        let convey = ConveyClient(HTTPQueryTransport(host: "127.0.0.1", port: UInt16(deployment.httpPort)))
        var answered: [JSONValue] = []
        let question = Question(
            .events, subject: "a", parameters: [.family: "applied,effect,out,audit", .after: "0", .limit: "3"])
        for try await page in convey.pages(question) { answered += page.elements }
        let published = listener.distinct("a").sorted { $0.offset < $1.offset }
        #expect(published.count > 10)
        #expect(answered.map { $0.description } == published.map { String(decoding: $0.payload, as: UTF8.self) })
        await client.stop()
        await listener.stop()
    }

    @Test("The OpenAPI document matches the service: every path, parameter and member", .timeLimit(.minutes(1)))
    func openAPI() async throws {
        let deployment = try await Self.deployment()
        let port = deployment.httpPort
        let document = try JSONValue(Array(try #require(httpGet("/openapi.json", port: port)).body.utf8))
        #expect(document["openapi"]?.string == "3.1.0")
        let paths = try #require(document["paths"]?.object)
        #expect(paths.count == QueryView.allCases.count + 12)
        #expect(document["components"]?["securitySchemes"]?["bearer"]?["scheme"]?.string == "bearer")
        let id = try JournalFile(deployment.journal).texts("SELECT id FROM journal WHERE offset = 1 LIMIT 1")[0]
        let letter = try JournalFile(deployment.journal).texts("SELECT position FROM dead_letters")[0]
        for (path, item) in paths {
            let real = path.replacing("{subject}", with: "caf%C3%A9%2F1").replacing("{position}", with: letter)
            if path.hasPrefix("/v1/") {
                let answers = (item["get"] ?? item["post"])?["responses"]
                for status in ["401", "403", "421"] { #expect(answers?[status] != nil, "\(path) \(status)") }
            }
            if path.hasSuffix("/stream") || item["post"] != nil {
                let method = item["post"] == nil ? "GET" : "POST"
                let answer = httpExchange(method, real + "?surprise=1", headers: [:], body: nil, port: port)
                #expect(answer?.status == 400 && answer?.body.contains("parameter_unknown") == true, "\(path)")
            }
            if path.hasSuffix("/stream") {
                // It never ends.
                #expect(await EventReader.read(real, after: 0, port: port) { _ in true }.map(\.id) == [1])
                continue
            }
            if path.hasSuffix("/signals") {
                let post = try #require(item["post"])
                for (body, status) in [("{}", 201), ("[]", 400)] {
                    let answer = try #require(httpPost(real + "?type=conv.in.note.taken", body: body, port: port))
                    #expect(answer.status == status)
                    try Self.check(answer, of: post, in: document, path)
                }
                continue
            }
            guard let operation = item["get"] else {
                try Self.check(#require(item["post"]), real, in: document, position: letter, port: port)
                continue
            }
            let all = (operation["parameters"]?.array ?? []).filter { $0["in"]?.string == "query" }
            // Parameters that belong together are an object, with an alternative for each combination.
            let parameters = all.filter { $0["schema"]?["anyOf"] == nil }
            let alternatives = all.flatMap { $0["schema"]?["anyOf"]?.array ?? [] }
            let required = parameters.filter { $0["required"]?.bool == true }.map { _ in "id=\(id)" }
            func ask(_ items: [String]) -> HTTPAnswer? {
                httpGet(real + (items.isEmpty ? "" : "?" + items.joined(separator: "&")), port: port)
            }
            for parameter in parameters {
                let name = try #require(parameter["name"]?.string)
                if name == "id" { continue }
                let example = try #require(parameter["example"])
                let value = TopicName.encode(level: example.string ?? example.description)
                #expect(ask(required + ["\(name)=\(value)"])?.status == 200, "\(path)?\(name)")
            }
            for alternative in alternatives {
                let items = (alternative["properties"]?.object ?? []).compactMap { name, schema -> String? in
                    guard let example = schema["examples"]?.array?.first else { return nil }
                    return "\(name)=\(TopicName.encode(level: example.string ?? example.description))"
                }
                #expect(ask(required + items)?.status == 200, "\(path)?\(items)")
            }
            let answer = try #require(ask(required))
            #expect(answer.status == 200, "\(path)")
            #expect(ask(required + ["surprise=1"])?.status == 400, "\(path)")
            guard path.hasPrefix("/v1/") else { continue }
            if !required.isEmpty { #expect(ask([])?.status == 400) }
            try Self.check(answer, of: operation, in: document, path)
        }
        #expect(httpGet("/v1/deadletters/999999", port: port)?.status == 404)
        #expect(httpGet("/v1/deadletters?limit=1001", port: port)?.status == 400)
        for view in ["state", "nothing"] {
            #expect(httpGet("/v1/conversations/nobody/\(view)", port: port)?.status == 404)
        }
    }

    /// A request that moves a dead letter.
    private static func check(
        _ operation: JSONValue, _ path: String, in document: JSONValue, position: String, port: Int
    ) throws {
        let body = operation["requestBody"]?["content"]?["application/json"]?["schema"]?["$ref"]?.string
        #expect(body == "#/components/schemas/Positions")
        let answer = try #require(httpPost(path, body: "{\"positions\":[\(position)]}", port: port))
        #expect(answer.status == 200, "\(path)")
        try check(answer, of: operation, in: document, path)
        #expect(httpPost(path, body: "{}", port: port)?.status == 400, "\(path)")
        #expect(httpGet(path, port: port)?.status != 200, "\(path)")
    }

    /// An answer has exactly the members in its schema; so have the elements of its lists.
    private static func check(
        _ answer: HTTPAnswer, of operation: JSONValue, in document: JSONValue, _ path: String
    ) throws {
        let schema = operation["responses"]?["200"]?["content"]?["application/json"]?["schema"]
        try check(JSONValue(Array(answer.body.utf8)), #require(schema), in: document, path)
    }

    private static func check(
        _ value: JSONValue, _ schema: JSONValue, in document: JSONValue, _ path: String
    ) throws {
        if let name = schema["$ref"]?.string?.split(separator: "/").last {
            let named = try #require(document["components"]?["schemas"]?[String(name)], "\(name)")
            return try check(value, named, in: document, "\(path) \(name)")
        }
        for element in value.array ?? [] {
            if let elements = schema["items"] { try check(element, elements, in: document, path) }
        }
        guard let properties = schema["properties"] else { return }
        for member in schema["required"]?.array ?? [] {
            #expect(member.string.flatMap { value[$0] } != nil, "\(path): \(member)")
        }
        for (key, member) in value.object ?? [] {
            let property = properties[key]
            #expect(property != nil, "\(path) answers \(key), which is not documented")
            if let property { try check(member, property, in: document, path) }
        }
    }

    @Test("A query over MQTT without a response topic disturbs nobody", .timeLimit(.minutes(1)))
    func noResponseTopic() async throws {
        let deployment = try await Self.deployment()
        let client = try await deployment.client()
        try await client.publish(topic: "conv/query/plain/state", payload: [])
        for response in ["conv/in/plain/message/received", "conv/out/plain/x"] {
            try await client.publish(
                topic: "conv/query/plain/state", payload: [],
                properties: PublishProperties(responseTopic: response))
        }
        let mqtt = try MQTTQueryTransport(
            broker: BrokerAddress(host: "127.0.0.1", port: deployment.broker.port), clientID: "asker")
        let answer = try await mqtt.ask(Question(.state, subject: "plain"))
        #expect(answer.status == 200)
        try await eventually("all three are logged") {
            deployment.log.components(separatedBy: "a query has no response topic").count == 2
                && deployment.log.components(separatedBy: "no reply: mqtt.response_topics").count == 3
        }
        let journal = try JournalFile(deployment.journal)
        #expect(try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.audit.signal.rejected'") == 0)
        await mqtt.stop()
        await client.stop()
    }
}
