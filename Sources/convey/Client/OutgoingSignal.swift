import Foundation
import MQTTTransport
import Signals

/// A signal as a client command publishes it: a structured CloudEvent with an id of its own, so that a repeat of it is
/// recorded once.
struct OutgoingSignal: Sendable, Equatable {
    static let contentType = "application/cloudevents+json"
    static let source = "/convey/cli"

    let id: String
    let topic: String
    let payload: String

    /// A user's message.
    static func message(_ text: String, subject: String, id: String, time: Date, topics: ConversationTopics) -> Self {
        make(
            id: id, type: SignalType.messageReceived, subject: subject, time: time, topic: topics.message,
            data: [("role", "user"), ("content", text)])
    }

    /// A request to cancel everything in flight in a conversation.
    static func abort(subject: String, id: String, time: Date, topics: ConversationTopics) -> Self {
        make(
            id: id, type: SignalType.abortRequested, subject: subject, time: time, topic: topics.abort, data: []
        )
    }

    /// A new id: random, so that two clients never choose the same.
    static func newID() -> String { UUID().uuidString.lowercased() }

    /// The effect that answers a message.
    static func effectID(answering messageID: String) -> String { "llm-generation-\(messageID)" }

    private static func make(
        id: String, type: String, subject: String, time: Date, topic: String, data: [(String, String)]
    ) -> Self {
        let attributes = [
            ("specversion", "1.0"), ("id", id), ("source", source), ("type", type), ("subject", subject),
            ("time", LogLine.timestamp(time)), ("datacontenttype", "application/json"),
        ]
        let data = [("message_id", id), ("ingress", "mqtt")] + data
        let payload = "{\(members(attributes)),\"contractmajor\":1,\"data\":{\(members(data))}}"
        return OutgoingSignal(id: id, topic: topic, payload: payload)
    }

    private static func members(_ pairs: [(String, String)]) -> String {
        pairs.map { "\(JSONString.quoted($0.0)):\(JSONString.quoted($0.1))" }.joined(separator: ",")
    }
}
