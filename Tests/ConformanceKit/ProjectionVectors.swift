import Conversation
import Signals

enum ProjectionVectors {
    static func checkTimeline(_ row: JSONValue, _ check: inout RowCheck) {
        guard let events = events(row, &check), let output = output(row, &check) else { return }
        let options = TimelineProjection.Options(
            shape: .reference, coalescesDeltas: row["opts"]?["coalesce_deltas"]?.bool ?? true,
            maxDeltaCharacters: row["opts"]?["max_delta_chars"]?.int ?? 280)
        compare(output, TimelineProjection(of: events, options: options).all, &check)
    }

    static func checkContext(_ row: JSONValue, _ check: inout RowCheck) {
        guard let events = events(row, &check), let output = output(row, &check) else { return }
        let options = LLMContextProjection.Options(
            includesDeltas: row["opts"]?["include_deltas"]?.bool ?? false,
            includesToolStatus: row["opts"]?["include_tool_status"]?.bool ?? true,
            maxMessages: maxMessages(row["opts"]?["max_messages"]))
        compare(output, LLMContextProjection(of: events, options: options).messages(), &check)
    }

    static func checkCoalescer(_ row: JSONValue, _ check: inout RowCheck) {
        guard let given = row["entries"]?.array, let output = output(row, &check) else {
            check.differ("row", expected: "entries", got: row.description)
            return
        }
        let entries = given.compactMap(entry)
        guard entries.count == given.count else {
            check.differ("entries", expected: "entries with id, kind and role", got: row["entries"]?.description ?? "")
            return
        }
        let joined = TokenCoalescer.coalesce(entries, maxCharacters: row["opts"]?["max_chars"]?.int ?? 280)
        check.compare("number of entries", .number(output.count), .number(joined.count))
        for (index, (expected, got)) in zip(output, joined).enumerated() {
            // A timeline's entries name their events; these have none.
            check.compare("entry \(index)", expected, JSONValue.parsed(got.encode()).without("type"))
        }
    }

    /// A row's events in the order of the recording system: by id, compared bytewise, stable.
    private static func events(_ row: JSONValue, _ check: inout RowCheck) -> [ProjectionEvent]? {
        let events = (row["events"]?.array ?? []).compactMap { event -> ProjectionEvent? in
            guard let id = event["id"]?.string, let type = event["type"]?.string else { return nil }
            return ProjectionEvent(
                id: id, type: type, subject: event["subject"]?.string ?? "", data: (event["data"] ?? .null).encode())
        }
        guard let count = row["events"]?.array?.count, count == events.count else {
            check.differ("row", expected: "events with id and type", got: row.description)
            return nil
        }
        let sorted = events.enumerated().sorted { one, other in
            if one.element.id.utf8.elementsEqual(other.element.id.utf8) { return one.offset < other.offset }
            return one.element.id.utf8.lexicographicallyPrecedes(other.element.id.utf8)
        }
        return sorted.map(\.element)
    }

    private static func output(_ row: JSONValue, _ check: inout RowCheck) -> [JSONValue]? {
        if row["output"]?.array == nil { check.differ("row", expected: "output", got: row.description) }
        return row["output"]?.array
    }

    private static func compare(
        _ expected: [JSONValue], _ rows: some Collection<some ProjectionRow>, _ check: inout RowCheck
    ) {
        let got = JSONValue.parsed(rows.encode()).array ?? []
        check.compare("number of entries", .number(expected.count), .number(got.count))
        for (index, (expected, got)) in zip(expected, got).enumerated() {
            check.compare("entry \(index)", expected, got)
        }
    }

    /// 40 by default. A given value that is not an integer means no limit.
    private static func maxMessages(_ given: JSONValue?) -> Int {
        guard let given else { return 40 }
        return given.int ?? 0
    }

    private static func entry(_ given: JSONValue) -> TimelineEntry? {
        let id = given["event_id"]
        guard id == nil || id == .null || id?.string != nil,
            let kind = given["kind"]?.string.flatMap(TimelineEntry.Kind.init(rawValue:)),
            let role = given["role"]?.string.flatMap(TimelineEntry.Role.init(rawValue:))
        else { return nil }
        return TimelineEntry(
            eventID: id?.string, eventIDs: given["event_ids"]?.array?.compactMap(\.string), kind: kind, role: role,
            content: value(given["content"]), outputID: value(given["output_id"]), channel: value(given["channel"]),
            metadata: (given["metadata"] ?? .null).encode())
    }

    private static func value(_ given: JSONValue?) -> ProjectedValue {
        switch given {
        case .none, .null: .none
        case .string(let text): .text(text)
        case .some(let other): .json(other.encode())
        }
    }
}
