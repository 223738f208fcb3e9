import Foundation
import JournalSupport
import Signals
import TestSupport

/// An OpenAI-compatible model with scripted replies, which refuses everything that the strictest server refuses. It
/// ends with this object or earlier.
final class ScriptedModel: Sendable {
    /// Makes one reply. If the script throws, or returns without `finish`, the stream breaks off.
    typealias Script = @Sendable (ModelRequest, ModelReply) throws -> Void

    let server: ScriptedHTTPServer

    /// - Parameter port: 0 for a free one.
    init(port: Int = 0, _ script: @escaping Script) throws {
        server = try ScriptedHTTPServer(port: port) { request, connection in
            guard let fault = StrictProvider.fault(in: request.body) else {
                return try script(ModelRequest(request), ModelReply(connection))
            }
            try connection.reply(status: 400, #"{"error":{"message":"\#(fault)"}}"#)
        }
    }

    /// A model that calls `get_weather` once, and then repeats the result.
    static func askingForWeather() throws -> ScriptedModel {
        try ScriptedModel { request, reply in
            if request.rounds == 0 {
                try reply.call([.init(name: "get_weather", arguments: #"{"city":"Oslo"}"#)], id: "call")
            } else {
                try reply.say(["It says \(request.results.joined())"])
                try reply.finish()
            }
        }
    }

    var baseURL: String { "http://127.0.0.1:\(server.port)/v1" }

    /// The flags with which Convey calls it.
    var flags: [String] { Self.flags(port: server.port) }

    /// The flags with which Convey calls a model that is not there yet.
    static func flags(port: Int) -> [String] {
        ["--llm-base-url", "http://127.0.0.1:\(port)/v1", "--llm-model", "scripted", "--llm-coalesce-delay", "5ms"]
    }

    var requests: [ModelRequest] { server.requests.map(ModelRequest.init) }
}

/// A request to the model.
struct ModelRequest: Sendable {
    struct Message: Sendable {
        let role: String
        let content: String
        /// Tools that an assistant's message calls.
        let calls: Int
    }

    let messages: [Message]
    /// Names of the available tools.
    let tools: [String]
    let idempotencyKey: String
    /// The assistant's messages with tool calls, as JSON, and the calls in them.
    let assistantsWithCalls: [String]
    let calls: [String]

    init(_ request: ScriptedRequest) {
        let calling = (JSONObjectView(request.body)?["messages"]?.elements ?? []).filter {
            $0.object?["tool_calls"] != nil
        }
        assistantsWithCalls = calling.map { String(decoding: $0.raw, as: UTF8.self) }
        calls = calling.flatMap { $0.object?["tool_calls"]?.elements ?? [] }.map {
            String(decoding: $0.raw, as: UTF8.self)
        }
        let body = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
        messages = (body?["messages"] as? [[String: Any]] ?? []).map {
            Message(
                role: $0["role"] as? String ?? "", content: $0["content"] as? String ?? "",
                calls: ($0["tool_calls"] as? [Any])?.count ?? 0)
        }
        tools = (body?["tools"] as? [[String: Any]] ?? []).compactMap {
            ($0["function"] as? [String: Any])?["name"] as? String
        }
        idempotencyKey = request["idempotency-key"] ?? ""
    }

    /// The texts of users, oldest first.
    var questions: [String] { messages.filter { $0.role == "user" }.map(\.content) }

    /// The newest of them.
    var question: String { questions.last ?? "" }

    /// The tools' answers since the newest question.
    var results: [String] { sinceQuestion.filter { $0.role == "tool" }.map(\.content) }

    /// The number of tool calls since the newest question.
    var rounds: Int { sinceQuestion.count { $0.calls > 0 } }

    private var sinceQuestion: ArraySlice<Message> {
        messages[(messages.lastIndex { $0.role == "user" } ?? messages.startIndex)...]
    }
}

/// A script's handle on one reply. Used by the script's thread alone.
final class ModelReply {
    struct Call {
        let name: String
        /// JSON.
        let arguments: String
    }

    let connection: ScriptedConnection
    private var hasBegun = false

    init(_ connection: ScriptedConnection) {
        self.connection = connection
    }

    /// Streams pieces of text, each after a pause.
    func say(_ pieces: [String], pause milliseconds: Int32 = 0) throws {
        for piece in pieces {
            if milliseconds > 0 { try connection.pause(milliseconds: milliseconds) }
            try delta("{\"content\":\(quoted(piece))}")
        }
    }

    /// Streams a piece of a reasoning model's thoughts.
    func think(_ text: String) throws { try delta("{\"reasoning_content\":\(quoted(text))}") }

    /// Ends the reply with tool calls.
    /// - Parameters:
    ///   - id: the beginning of the calls' ids.
    ///   - members: further members of each call, as JSON.
    ///   - reason: the finish reason.
    func call(
        _ calls: [Call], id: String, members: String = #""x":null"#, finish reason: String = "tool_calls"
    ) throws {
        for (index, call) in calls.enumerated() {
            let function = "{\"name\":\"\(call.name)\",\"arguments\":\(quoted(call.arguments))}"
            try delta(
                #"{"tool_calls":[{"index":\#(index),"id":"\#(id)-\#(index)","type":"function",\#(members),"function":\#(function)}]}"#
            )
        }
        try finish(reason)
    }

    func finish(_ reason: String = "stop") throws {
        try delta("{}", finish: "\"\(reason)\"")
        try connection.events(["[DONE]"])
        try connection.endStream()
    }

    /// Streams a `delta` as it is.
    func delta(_ delta: String, finish: String = "null") throws {
        if !hasBegun { try connection.beginStream() }
        hasBegun = true
        try connection.events([
            #"{"id":"r1","model":"scripted","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}]}"#
        ])
    }

    private func quoted(_ text: String) -> String {
        String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
    }
}
