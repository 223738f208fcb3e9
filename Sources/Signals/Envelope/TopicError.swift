/// Why a topic does not describe a signal.
public enum TopicError: Error, Sendable, Equatable {
    /// Not `{root}/in/…` nor `{root}/ingest/{subject}`.
    case notIngress
    case subjectMissing
    case subjectInvalid(String)
    /// The rest differs from the result of `TopicName.topic` for any type.
    case typeInvalid
}
