import Foundation
import MQTTTransport
import TestSupport

/// The tools of these tests: their declarations for Convey, and the workers that run them.
enum ToolBench {
    private static let parameters = """
        {"type":"object","properties":{"city":{"type":"string"},"seconds":{"type":"number"}},"required":["city"]}
        """

    /// The flag that declares tools with a `city`, and the requested number of `seconds`.
    /// - Parameter more: further members of each declaration.
    static func flags(_ names: [String] = ["get_weather"], _ more: String = #""timeout":"20s""#) -> [String] {
        let tools = names.map { #""\#($0)":{"description":"Tells of a city","parameters":\#(parameters),\#(more)}"# }
        return ["--tools", "{\(tools.joined(separator: ","))}"]
    }

    /// Waits until Convey receives workers' answers: before that, calls wait for a few seconds and fail.
    static func waitUntilConnected(_ deployment: Deployment) async throws {
        try await eventually("Convey has subscribed to results") {
            deployment.broker.log.contains("conv/tool/+/result/+ (QoS")
        }
    }
}

/// A tool call as sent over the broker.
struct PublishedCall: Sendable {
    let effectID: String
    let subject: String
    let attempt: Int
    let idempotencyKey: String

    /// Nil for anything that is not a call.
    init?(_ message: ReceivedMessage) {
        guard message.topic.hasPrefix("conv/tool/"), message.topic.hasSuffix("/call"),
            let call = try? JSONSerialization.jsonObject(with: Data(message.payload)) as? [String: Any],
            let effectID = call["effect_id"] as? String, let subject = call["subject"] as? String,
            let attempt = call["attempt"] as? Int, let key = call["idempotency_key"] as? String
        else { return nil }
        self.effectID = effectID
        self.subject = subject
        self.attempt = attempt
        idempotencyKey = key
    }
}

extension Listener {
    /// The tool calls so far; needs `conv/tool/#` among the filters.
    var calls: [PublishedCall] { strays.compactMap(PublishedCall.init) }

    /// Waits for an event of a conversation and returns the first.
    func first(
        _ type: String, of subject: String, seconds: Double = 30, where matches: (Event) -> Bool = { _ in true }
    ) async throws -> Event {
        try await first("\(type) of \(subject)", seconds: seconds) {
            $0.subject == subject && $0.type == type && matches($0)
        }
    }
}

extension OutgoingMessage {
    /// A signal of a conversation, with an id of its own.
    /// - Parameters:
    ///   - type: without `conv.in.`.
    ///   - data: JSON.
    static func signal(_ type: String, of subject: String, id: String, _ data: String) -> OutgoingMessage {
        OutgoingMessage(
            topic: "conv/in/\(subject)/" + type.replacing(".", with: "/"),
            payload: Array(
                (#"{"specversion":"1.0","id":"\#(id)","source":"/test","type":"conv.in.\#(type)","#
                    + #""subject":"\#(subject)","data":\#(data)}"#).utf8))
    }

    static func message(_ text: String, to subject: String, id: String) -> OutgoingMessage {
        signal("message.received", of: subject, id: id, #"{"content":"\#(text)"}"#)
    }
}
