import Foundation
import Signals

/// A signal published by a client command: a structured CloudEvent with its own id, so that a repeat is recorded once.
package struct OutgoingSignal: Sendable, Equatable {
    package static let contentType = "application/cloudevents+json"
    package static let source = "/convey/cli"

    package let id: String
    package let topic: String
    package let payload: String

    package init(id: String, topic: String, payload: String) {
        self.id = id
        self.topic = topic
        self.payload = payload
    }

    /// A user's message.
    package static func message(
        _ text: String, subject: String, id: String, time: Date, topics: ConversationTopics
    ) -> Self {
        make(
            SignalType.messageReceived, subject: subject, id: id, time: time, topics: topics,
            data: [("role", .string("user")), ("content", .string(text))])
    }

    /// A request to cancel everything in flight in a conversation.
    package static func abort(subject: String, id: String, time: Date, topics: ConversationTopics) -> Self {
        make(SignalType.abortRequested, subject: subject, id: id, time: time, topics: topics)
    }

    /// A signal of the family `in`.
    /// - Parameter data: members of its data in addition to those that each signal has.
    package static func make(
        _ type: String, subject: String, id: String, time: Date, topics: ConversationTopics,
        data: [(String, JSONValue)] = []
    ) -> Self {
        let attributes = [
            ("specversion", "1.0"), ("id", id), ("source", source), ("type", type), ("subject", subject),
            ("time", EventTimestamp.text(time)), ("datacontenttype", "application/json"),
        ].map { ($0, JSONValue.string($1)) }
        let data = [("message_id", .string(id)), ("ingress", .string("mqtt"))] + data
        let payload = "{\(members(attributes)),\"contractmajor\":1,\"data\":{\(members(data))}}"
        return OutgoingSignal(id: id, topic: topics.signal(type), payload: payload)
    }

    /// A new id: random, so that two clients never choose the same.
    package static func newID() -> String { UUID().uuidString.lowercased() }

    /// The effect that answers a message.
    package static func effectID(answering messageID: String) -> String { "llm-generation-\(messageID)" }

    private static func members(_ pairs: [(String, JSONValue)]) -> String {
        pairs.map { "\(JSONString.quoted($0.0)):\($0.1)" }.joined(separator: ",")
    }
}
