import ConveyEngine
import Signals

/// Accepts signals that do not come from the broker, such as those of the page's message box. They take the same path
/// as any other: contract, journal, and an answer only after the commit.
public final class SignalEndpoint: Sendable {
    private let runtime: Runtime
    private let maximumBytes: Int
    /// Here topics only carry subject and type.
    private static let root = "conv"
    private static let ingress = "http"

    /// - Parameter maximumBytes: limit for an envelope or its data, as for messages from the broker.
    public init(runtime: Runtime, maximumBytes: Int) {
        self.runtime = runtime
        self.maximumBytes = maximumBytes
    }

    /// The outcome of a signal: the receipt that publishers over MQTT would get, and the equivalent HTTP status.
    public struct Answer: Sendable, Equatable {
        public var status: Int
        /// `{"status","id","subject","offset","code","message"}`
        public var body: [UInt8]
    }

    /// Records one signal of the family `in` and returns after the commit.
    ///
    /// A signal that breaks the contract is refused and not recorded: unlike a publisher to a broker, the sender learns
    /// of it at once.
    /// - Parameters:
    ///   - subject: the conversation.
    ///   - type: nil if the envelope contains it.
    ///   - payload: an envelope, or only data.
    ///   - source: the source if the envelope has none, `/http/{name}`.
    public func record(
        subject: String, type: String?, payload: [UInt8], contentType: String?, source: String,
        attributes: [(String, String)] = []
    ) async -> Answer {
        let topic =
            type.map { TopicName.topic(root: Self.root, type: $0, subject: subject) }
            ?? "\(Self.root)/in/\(TopicName.encode(level: subject))"
        let identifiers = IdentifierSource()
        let result = Envelope.decode(
            InboundMessage(
                topic: topic, payload: payload, contentType: contentType, userProperties: attributes),
            limits: EnvelopeLimits(maximumBytes: maximumBytes),
            defaults: EnvelopeDefaults(
                root: Self.root, ingress: Self.ingress, source: source, makeID: { identifiers.next() }))
        switch result {
        case .failure(let rejection): return Self.answer(.rejected(subject: subject, rejection))
        case .success(let signal):
            switch await runtime.record(signal) {
            case .success(let outcome): return Self.answer(outcome)
            case .failure(let error):
                var body = JSONObjectBuilder()
                body.add("error", error.code.rawValue)
                body.add("message", error.message)
                return Answer(status: 503, body: body.finish())
            }
        }
    }

    private static func answer(_ outcome: RecordOutcome) -> Answer {
        let status =
            switch outcome {
            case .recorded: 201
            case .duplicate: 200
            case .rejected(_, let rejection): rejection.code == .tooLarge ? 413 : 400
            }
        return Answer(status: status, body: Reply.receipt(outcome))
    }
}
