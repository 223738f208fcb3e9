/// Questions in the paths of HTTP: `/v1/conversations` and `/v1/conversations/{subject}/{view}`.
public enum QueryPath {
    /// Where queries begin; by itself the question for conversations.
    public static let base = "/v1/conversations"

    /// The path of a question with its query string.
    public static func path(view: QueryView, subject: String, parameters: [(name: String, value: String)]) -> String {
        var path = base
        if view.needsSubject { path += "/\(TopicName.encode(level: subject))/\(view.rawValue)" }
        let items = parameters.map { "\(TopicName.encode(level: $0.name))=\(TopicName.encode(level: $0.value))" }
        return items.isEmpty ? path : path + "?" + items.joined(separator: "&")
    }
}
