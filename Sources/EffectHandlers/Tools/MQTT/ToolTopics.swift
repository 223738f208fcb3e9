import Signals

/// The topics of tools below a root.
struct ToolTopics: Sendable {
    let root: String

    func call(_ tool: String) -> String { "\(root)/tool/\(tool)/call" }

    func cancel(_ tool: String) -> String { "\(root)/tool/\(tool)/cancel" }

    /// The effect's id is one level, encoded like a subject.
    func result(_ tool: String, effectID: String) -> String {
        "\(root)/tool/\(tool)/result/\(TopicName.encode(level: effectID))"
    }

    /// The topic filter for what workers say of themselves: retained, `online` or `offline`.
    var presences: String { "\(root)/tool/+/presence/+" }

    /// The tool whose worker says on this topic that it is there; nil for any other topic.
    func tool(presence topic: String) -> String? {
        guard topic.hasPrefix("\(root)/tool/") else { return nil }
        let levels = topic.dropFirst(root.count + 6).split(separator: "/", omittingEmptySubsequences: false)
        guard levels.count == 3, levels[1] == "presence" else { return nil }
        return String(levels[0])
    }

    /// The topic filter for all results.
    var results: String { "\(root)/tool/+/result/+" }
}
