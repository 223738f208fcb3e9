import Signals

/// Queries as topics: `{root}/query/{subject}/{view}`.
public enum QueryTopic {
    /// The subject's level if the view is not about a single conversation.
    public static let noSubject = "_"

    /// The topic filter of the query endpoint.
    public static func filter(root: String) -> String { "\(root)/query/+/+" }

    /// The topic to publish a query to.
    public static func topic(root: String, view: QueryView, subject: String) -> String {
        let level = view.needsSubject ? TopicName.encode(level: subject) : noSubject
        return "\(root)/query/\(level)/\(view.rawValue)"
    }

    /// The response topic of a client for a message to `topic`: below the subject of that topic, which every service
    /// allows, whatever its configuration.
    public static func responseTopic(for topic: String, root: String, client: String) -> String {
        let levels = topic.dropFirst(root.count + 1).split(
            separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        return "\(root)/receipt/\(levels.count > 1 ? levels[1] : "_")/\(client)"
    }

    /// All response topics of a client.
    public static func responseFilter(root: String, client: String) -> String { "\(root)/receipt/+/\(client)" }

    /// The query in a message.
    /// - Parameter payload: a JSON object of parameters; empty for none.
    /// - Throws: the error in the message.
    public static func request(topic: String, payload: [UInt8], root: String) throws(QueryError) -> QueryRequest {
        let levels = topic.dropFirst(root.count).split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count == 4, levels[1] == "query", let view = QueryView(rawValue: String(levels[3])) else {
            let views = QueryView.allCases.map(\.rawValue).joined(separator: ", ")
            throw QueryError(.viewUnknown, "the topic must end with one of \(views)")
        }
        var subject = ""
        if !view.needsSubject {
            // An access rule for one subject must not grant a view of all conversations.
            guard levels[2] == noSubject else {
                throw QueryError(
                    .parameterInvalid,
                    "\(view.rawValue) is about all conversations: publish to query/_/\(view.rawValue)")
            }
        } else {
            guard let decoded = TopicName.decode(level: String(levels[2])) else {
                throw QueryError(.parameterInvalid, "the topic's subject is not spelled as subjects are encoded")
            }
            subject = decoded
        }
        return try QueryRequest(view, subject: subject, parameters: QueryRequest.parameters(json: payload))
    }
}
