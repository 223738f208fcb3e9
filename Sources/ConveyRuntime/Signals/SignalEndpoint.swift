import ConveyEngine
import Signals

/// Takes in signals that do not come from the broker, as the message box of the page. They take the path of any other:
/// contract, journal, and only after the commit an answer.
public final class SignalEndpoint: Sendable {
    private let runtime: Runtime
    private let maximumBytes: Int
    /// Topics are only a way to name subject and type here.
    private static let root = "conv"
    private static let ingress = "http"

    /// - Parameter maximumBytes: of an envelope or its data, as for messages from the broker.
    public init(runtime: Runtime, maximumBytes: Int) {
        self.runtime = runtime
        self.maximumBytes = maximumBytes
    }

    /// What became of a signal: a receipt as publishers over MQTT get it, and the HTTP status that says the same.
    public struct Answer: Sendable, Equatable {
        public var status: Int
        /// `{"status","id","subject","offset","code","message"}`
        public var body: [UInt8]
    }

    /// Records one signal of the family `in` and returns after the commit.
    ///
    /// What breaks the contract is refused and not recorded: the sender hears of it at once, which a publisher to a broker
    /// does not.
    /// - Parameters:
    ///   - subject: the conversation.
    ///   - type: nil where the envelope carries it.
    ///   - payload: an envelope, or data alone.
    ///   - source: the source where the envelope gives none, `/http/{name}`.
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
