/// The outcomes of the calls of one tool since the process started. A repeated call counts once per attempt.
public struct ToolCounts: Sendable {
    /// Its name in the settings.
    public let tool: String
    public var completed: UInt64 = 0
    public var canceled: UInt64 = 0
    /// Failed calls by category.
    public var failures: [String: UInt64]

    /// Failed calls of all categories.
    public var failed: UInt64 { failures.values.reduce(0, +) }

    /// - Parameter categories: of failures; each is exported from the start, with 0.
    public init(tool: String, categories: [String]) {
        self.tool = tool
        failures = Dictionary(uniqueKeysWithValues: categories.map { ($0, 0) })
    }
}
