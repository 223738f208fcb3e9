import Signals

/// Facts about answers that a timeline leaves out: that they failed, were canceled, wait for another attempt or started over, and
/// that a tool call waits for approval. Read from the events between the timeline's first entry and its end.
struct AnswerEnds: Sendable {
    static let types = [
        SignalType.assistantCanceled, SignalType.assistantFailed, SignalType.assistantReset,
        SignalType.assistantWaiting, SignalType.toolApprovalRequested,
    ]
    private static let limit = "200"

    /// Ascending. Some may be after the end of the page.
    let events: [JSONValue]
    /// Effects under way.
    let openEffects: Set<String>
    /// Outputs whose whole text comes after the end of the page, so their earlier pieces need not be shown.
    let wholeLater: Set<String>
    /// The end of the page: later events change entries but add none.
    var end = Int.max

    static func read(
        of timeline: JSONValue, _ subject: String, asOf: String?, before: Int64?, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> AnswerEnds {
        guard (timeline["as_of"]?.int ?? 0) > 0 else { return AnswerEnds(events: [], openEffects: [], wholeLater: []) }
        // An answer that failed before its first word has no entry and may precede all entries.
        let isFirstPage = timeline["next"] == nil
        let first = isFirstPage ? 1 : timeline["entries"]?.array?.first?["offset"]?.int ?? 1
        let events = try await queries.ask(
            .events, subject,
            [
                ("after", String(first - 1)), ("as_of", timeline["as_of"]?.int.map { String($0) }),
                ("type", types.joined(separator: ",")), ("limit", limit),
            ])
        let state = try await queries.ask(.state, subject, [("as_of", asOf)])
        var later: JSONValue?
        if let before {
            later = try await queries.ask(
                .events, subject,
                [
                    ("after", String(max(0, before - 1))), ("as_of", asOf), ("type", SignalType.assistantCompleted),
                    ("limit", "1"),
                ])
        }
        return AnswerEnds(
            events: events["events"]?.array ?? [],
            openEffects: Set((state["state"]?["in_flight_effects"]?.object ?? []).map(\.key)),
            wholeLater: Set((later?["events"]?.array ?? []).compactMap { $0["data"]?["output_id"]?.string }),
            end: before.map { Int($0) } ?? .max)
    }
}
