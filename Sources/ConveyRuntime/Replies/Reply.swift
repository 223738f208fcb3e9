import AnswerMemory
import Conversation
import ConveyEngine
import JournalReading
import Signals

/// A reply to one client on the response topic that it gave: a receipt, or the answer to a query.
struct Reply: Sendable {
    enum Content: Sendable {
        case receipt(RecordOutcome)
        case answer(QueryAnswer)
    }

    var topic: String
    var correlationData: [UInt8]?
    var content: Content
    /// The room for an answer's bytes, until the broker has acknowledged them; nil for small answers.
    var room: AnswerRoom?

    var payload: [UInt8] {
        switch content {
        case .receipt(let outcome): Self.receipt(outcome)
        case .answer(let answer): answer.body
        }
    }

    /// The status of an answer: over MQTT it is a user property.
    var status: Int? {
        switch content {
        case .receipt: nil
        case .answer(let answer): answer.status
        }
    }

    /// Approximate memory while it waits.
    var bytes: Int {
        let content =
            switch content {
            case .receipt: 512
            case .answer(let answer): answer.body.count
            }
        return content + topic.utf8.count + (correlationData?.count ?? 0)
    }

    /// `{"status","id","subject","offset","code","message"}` (docs/PROTOCOL.md, "Receipts").
    static func receipt(_ outcome: RecordOutcome) -> [UInt8] {
        var object = JSONObjectBuilder()
        switch outcome {
        case .recorded(let id, let subject, let offset):
            object.add("status", "recorded")
            object.add("id", id)
            object.add("subject", subject)
            object.add("offset", offset)
        case .duplicate(let id, let subject, let offset):
            object.add("status", "duplicate")
            object.add("id", id)
            object.add("subject", subject)
            object.add("offset", offset)
        case .rejected(let subject, let rejection):
            object.add("status", "rejected")
            if let subject { object.add("subject", subject) }
            object.add("code", rejection.code.description)
            object.add("message", rejection.message)
        }
        return object.finish()
    }
}
