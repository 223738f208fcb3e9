import Foundation

/// The parts of a published event that client commands use.
struct PublishedEvent: Sendable, Equatable {
    let id: String
    let type: String
    let subject: String
    let time: String?
    /// The position within the conversation's family, from 1.
    let sequence: Int?
    let effectID: String?
    /// A piece of an answer.
    let delta: String?
    /// A whole text.
    let content: String?
    /// The attempt of the effect, from 1.
    let attempt: Int?
    /// The message that the effect answers, if the effect's id does not contain it.
    let answers: String?
    let finishReason: String?
    let toolName: String?
    /// The delay before an answer's next attempt.
    let retryInMilliseconds: Int?
    /// Why something failed, if the event contains a reason.
    let reason: String?

    /// Nil when the payload is not a CloudEvent with id, type and subject.
    init?(payload: [UInt8]) {
        // Other programs may publish to the same topics: unreadable payloads are not events.
        guard let object = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any],
            let id = object["id"] as? String, let type = object["type"] as? String,
            let subject = object["subject"] as? String
        else { return nil }
        let data = object["data"] as? [String: Any] ?? [:]
        self.id = id
        self.type = type
        self.subject = subject
        time = object["time"] as? String
        sequence = object["sequence"] as? Int
        effectID = data["effect_id"] as? String
        delta = data["delta"] as? String
        content = data["content"] as? String
        attempt = data["attempt"] as? Int
        answers = (data["metadata"] as? [String: Any])?["answers"] as? String
        finishReason = data["finish_reason"] as? String
        toolName = data["tool_name"] as? String
        retryInMilliseconds = data["retry_in_ms"] as? Int
        let error = data["error"] as? [String: Any]
        let texts = [error?["message"], data["error"], data["message"], data["reason"], error?["class"], data["code"]]
        reason = texts.lazy.compactMap { $0 as? String }.first
    }
}
