/// A schema that cannot be used.
public struct JSONSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each names the place in the schema and the requirement.
    public let problems: [String]

    public var description: String { problems.joined(separator: "; ") }
}
