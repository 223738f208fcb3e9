/// Why tool declarations are invalid.
public struct ToolDeclarationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each names the place in the configuration and the requirement.
    public let problems: [String]

    public var description: String { problems.joined(separator: "; ") }
}
