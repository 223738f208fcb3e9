import Foundation

/// The parts of a published event that client commands use.
package struct PublishedEvent: Sendable, Equatable {
    /// As received.
    package let payload: [UInt8]
    package let id: String
    package let type: String
    package let subject: String
    package let time: String?
    /// The id of the signal that caused it.
    package let cause: String?
    /// The position within the conversation's family, from 1.
    package let sequence: Int?
    package let effectID: String?
    /// A piece of an answer.
    package let delta: String?
    /// A whole text.
    package let content: String?
    /// The attempt of the effect, from 1.
    package let attempt: Int?
    /// The message that the effect answers, if the effect's id does not contain it.
    package let answers: String?
    package let finishReason: String?
    package let toolName: String?
    /// The arguments of a tool call.
    package let arguments: String?
    /// The delay before an answer's next attempt.
    package let retryInMilliseconds: Int?
    /// The time from which on an effect waits, RFC 3339.
    package let since: String?
    /// Whether what the effect waits for is not there.
    package let isUnavailable: Bool
    package let status: String?
    /// Why something failed, if the event contains a reason.
    package let reason: String?

    /// Nil when the payload is not a CloudEvent with id, type and subject.
    package init?(payload: [UInt8]) {
        // Other programs may publish to the same topics: unreadable payloads are not events.
        guard let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any],
            let id = object["id"] as? String, let type = object["type"] as? String,
            let subject = object["subject"] as? String
        else { return nil }
        let data = object["data"] as? [String: Any] ?? [:]
        self.payload = payload
        self.id = id
        self.type = type
        self.subject = subject
        time = object["time"] as? String
        cause = object["causationid"] as? String
        sequence = object["sequence"] as? Int
        effectID = data["effect_id"] as? String
        delta = data["delta"] as? String
        content = data["content"] as? String
        attempt = data["attempt"] as? Int
        answers = (data["metadata"] as? [String: Any])?["answers"] as? String
        finishReason = data["finish_reason"] as? String
        toolName = data["tool_name"] as? String
        arguments = data["arguments"] as? String
        retryInMilliseconds = data["retry_in_ms"] as? Int
        since = data["since"] as? String
        isUnavailable = data["unavailable"] as? Bool ?? false
        status = data["status"] as? String
        let error = data["error"] as? [String: Any]
        let texts = [error?["message"], data["error"], data["message"], data["reason"], error?["class"], data["code"]]
        reason = texts.lazy.compactMap { $0 as? String }.first
    }
}
