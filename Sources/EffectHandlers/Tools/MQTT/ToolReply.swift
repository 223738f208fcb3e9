import MQTTTransport
import Signals

/// A worker's message on a response topic.
struct ToolReply: Sendable, Equatable {
    /// The attempt to which it belongs. Sent with each call as correlation data, `{idempotency key}/{attempt}`.
    struct Identity: Sendable, Equatable {
        let idempotencyKey: String
        /// Nil if the worker does not say.
        let attempt: Int?

        var correlationData: [UInt8] { Array("\(idempotencyKey)/\(attempt ?? 0)".utf8) }
    }

    enum Body: Sendable, Equatable {
        case progress(String)
        case result(String)
        case error(String, isRetriable: Bool)
        /// It is malformed, with the reason.
        case fault(String)
        case tooLarge(bytes: Int)
    }

    let topic: String
    /// Nil if the reply does not name its call.
    let identity: Identity?
    let body: Body

    init(_ message: ReceivedMessage, resultLimit: Int) {
        topic = message.topic
        let fromProperty = message.correlationData.flatMap(Self.identity(correlationData:))
        // Everything except the result itself is small.
        guard message.payload.count <= resultLimit * 4 else {
            identity = fromProperty
            body = .tooLarge(bytes: message.payload.count)
            return
        }
        let object: JSONObjectView
        do {
            let slice = try JSONSlice(message.payload)
            guard let members = slice.object else {
                (identity, body) = (fromProperty, .fault("that is not a JSON object"))
                return
            }
            object = members
        } catch {
            (identity, body) = (fromProperty, .fault("that is not JSON: \(error)"))
            return
        }
        identity =
            fromProperty
            ?? object["idempotency_key"]?.string.map {
                Identity(idempotencyKey: $0, attempt: Self.integer(object["attempt"]))
            }
        body = Self.body(object, resultLimit: resultLimit)
    }

    private static func body(_ object: JSONObjectView, resultLimit: Int) -> Body {
        let message = object["message"]?.string
        switch object["type"]?.string {
        case "progress":
            return message.map { .progress($0) } ?? .fault("of type progress without a message")
        case "result":
            guard let content = object["content"] else { return .fault("of type result without content") }
            guard content.raw.count <= resultLimit else { return .tooLarge(bytes: content.raw.count) }
            return .result(ToolContent.text(of: content))
        case "error":
            return .error(message ?? "no reason given", isRetriable: object["retriable"]?.kind == .true)
        case .some(let type): return .fault("of the unknown type \(ToolContent.clean(type))")
        case nil: return .fault("without a type (progress, result or error)")
        }
    }

    private static func identity(correlationData: [UInt8]) -> Identity? {
        guard let text = String(validating: correlationData, as: UTF8.self), let slash = text.lastIndex(of: "/"),
            let attempt = Int(text[text.index(after: slash)...])
        else { return nil }
        return Identity(idempotencyKey: String(text[..<slash]), attempt: attempt)
    }

    private static func integer(_ slice: JSONSlice?) -> Int? {
        guard let slice, slice.kind == .integer else { return nil }
        return Int(String(decoding: slice.raw, as: UTF8.self))
    }
}
