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

    /// The topic filter for all results.
    var results: String { "\(root)/tool/+/result/+" }
}
