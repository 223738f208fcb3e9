/// Questions in the paths of HTTP: `/v1/conversations/{subject}/{view}`, and `/v1/{view}` for those about no single one.
public enum QueryPath {
    /// Where questions about one conversation begin; by itself the question for conversations.
    public static let base = "/v1/conversations"

    /// The path of a view, with the conversation's segment as it is to stand there.
    public static func path(view: QueryView, segment: String) -> String {
        view.needsSubject ? "\(base)/\(segment)/\(view.rawValue)" : "/v1/\(view.rawValue)"
    }

    /// The path of a question with its query string.
    public static func path(view: QueryView, subject: String, parameters: [(name: String, value: String)]) -> String {
        let path = path(view: view, segment: TopicName.encode(level: subject))
        let items = parameters.map { "\(TopicName.encode(level: $0.name))=\(TopicName.encode(level: $0.value))" }
        return items.isEmpty ? path : path + "?" + items.joined(separator: "&")
    }
}
