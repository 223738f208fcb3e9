import Signals

/// `properties`, `patternProperties` and `additionalProperties`, which depend on each other.
struct SchemaMembers: Sendable {
    var named: [ExactText: Int] = [:]
    var patterns: [(pattern: SchemaPattern, schema: Int)] = []
    var others: Int?
    /// The names in `named`, for messages.
    var names: [String] = []
}
