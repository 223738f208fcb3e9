import FoundationEssentials
import Signals

/// One attempt at a call, with arguments that match the tool's schema.
struct ToolRequest: Sendable {
    let tool: ToolDeclaration
    let callID: String
    /// One JSON object.
    let arguments: [UInt8]
    let effectID: String
    let subject: String
    let attempt: Int
    let idempotencyKey: String
    let traceparent: String?
    /// When the result is no longer needed.
    let deadline: ContinuousClock.Instant

    /// The JSON body for the tool. It repeats all information of properties and headers, so that a worker needs
    /// neither.
    func payload(responseTopic: String? = nil) -> [UInt8] {
        var object = JSONObjectBuilder(reservingCapacity: arguments.count + 512)
        object.add("call_id", callID)
        object.add("name", tool.name)
        object.add("arguments", json: arguments)
        object.add("effect_id", effectID)
        object.add("subject", subject)
        object.add("attempt", attempt)
        object.add("idempotency_key", idempotencyKey)
        if let responseTopic { object.add("response_topic", responseTopic) }
        object.add("deadline", deadlineText)
        if let traceparent { object.add("traceparent", traceparent) }
        return object.finish()
    }

    /// RFC 3339, UTC.
    private var deadlineText: String {
        let left = ContinuousClock.now.duration(to: deadline) / .seconds(1)
        return Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(Date(timeIntervalSinceNow: left))
    }
}
