/// Why tools cannot be used as they are declared.
public struct ToolDeclarationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each with its place in the configuration and what would be right.
    public let problems: [String]

    public var description: String { problems.joined(separator: "; ") }
}
