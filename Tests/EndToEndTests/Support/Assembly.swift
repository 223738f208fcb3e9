/// An answer assembled from its deltas as docs/PROTOCOL.md tells clients ("Answers"), and the whole text of its end.
struct Assembly {
    let effectID: String
    let shown: String
    let content: String

    /// The completed answers of all conversations.
    /// - Parameter events: in the order of arrival, repeats included.
    static func answers(_ events: [Event]) -> [Assembly] {
        var seen: Set<[String]> = []
        var shown: [[String]: String] = [:]
        var answers: [Assembly] = []
        for event in events where event.family == "out" && seen.insert([event.subject, event.id]).inserted {
            guard let effectID: String = event.data("effect_id") else { continue }
            let key = [event.subject, effectID]
            switch event.type {
            case "conv.out.assistant.reset": shown[key] = ""
            case "conv.out.assistant.delta": shown[key, default: ""] += event.data("delta") ?? ""
            case "conv.out.assistant.completed":
                answers.append(
                    Assembly(effectID: effectID, shown: shown[key] ?? "", content: event.data("content") ?? ""))
            default: break
            }
        }
        return answers
    }
}
