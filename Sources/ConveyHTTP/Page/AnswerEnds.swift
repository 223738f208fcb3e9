import Conversation

/// What a timeline does not tell of answers: that they failed, were canceled or began anew, and that a tool asks for
/// consent. Read from the events between the timeline's first entry and its end.
struct AnswerEnds: Sendable {
    static let types = [
        "conv.out.assistant.canceled", "conv.out.assistant.failed", "conv.out.assistant.reset",
        "conv.out.tool.approval_requested",
    ]
    private static let limit = "200"

    /// Ascending.
    let events: [JSONValue]
    /// Effects under way.
    let openEffects: Set<String>

    static func read(
        of timeline: JSONValue, _ subject: String, asOf: String?, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> AnswerEnds {
        guard (timeline["as_of"]?.int ?? 0) > 0 else { return AnswerEnds(events: [], openEffects: []) }
        // An answer that failed before its first word has no entry: it may stand before all of them.
        let isFirstPage = timeline["next"] == nil
        let first = isFirstPage ? 1 : timeline["entries"]?.array?.first?["offset"]?.int ?? 1
        let events = try await queries.ask(
            .events, subject,
            [
                ("after", String(first - 1)), ("as_of", timeline["as_of"]?.int.map { String($0) }),
                ("type", types.joined(separator: ",")), ("limit", limit),
            ])
        let state = try await queries.ask(.state, subject, [("as_of", asOf)])
        return AnswerEnds(
            events: events["events"]?.array ?? [],
            openEffects: Set((state["state"]?["in_flight_effects"]?.object ?? []).map(\.key)))
    }
}
