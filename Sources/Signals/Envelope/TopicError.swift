/// Why a topic does not describe a signal.
public enum TopicError: Error, Sendable, Equatable {
    /// Not `{root}/in/…` nor `{root}/ingest/{subject}`.
    case notIngress
    case subjectMissing
    case subjectInvalid(String)
    /// The rest is not what `TopicName.topic` makes of a type.
    case typeInvalid
}
