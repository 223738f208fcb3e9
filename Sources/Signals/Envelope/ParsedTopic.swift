/// What the topic of an inbound signal says about the signal.
public enum ParsedTopic: Sendable, Equatable {
    /// `{root}/in/{subject}` or `{root}/in/{subject}/{rest}`; the type is nil if there is no rest.
    case inbound(subject: String, type: String?)
    /// `{root}/ingest/{subject}`.
    case ingest(subject: String)

    public var subject: String {
        switch self {
        case .inbound(let subject, _), .ingest(let subject): subject
        }
    }
}
