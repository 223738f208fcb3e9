import Conversation

/// A JSON schema (draft 2020-12, and what tools in the wild still use of draft 7) that values can be checked against.
///
/// Known are `type`, `enum`, `const`, the limits of numbers, strings, arrays and objects, `pattern`, `properties`,
/// `patternProperties`, `additionalProperties`, `propertyNames`, `required`, `dependentRequired`, `items` (also as a list),
/// `prefixItems`, `contains`, `uniqueItems`, `allOf`, `anyOf`, `oneOf`, `not`, `if`/`then`/`else`, and `$ref` to a place in
/// the same schema. Other keywords, `format` among them, are annotations and check nothing.
public struct JSONSchema: Sendable {
    /// A value that is not as the schema says.
    public struct Violation: Sendable, Equatable, CustomStringConvertible {
        /// Where in the value: a JSON pointer (RFC 6901), empty for the whole value.
        public let pointer: String
        /// What would be right, and what is there.
        public let message: String

        public var description: String { pointer.isEmpty ? message : "\(pointer) \(message)" }
    }

    /// Subschemas, each with its place; more are refused.
    public static let subschemaLimit = 2_000
    /// How many violations are told.
    public static let violationLimit = 8

    let rules: [[SchemaRule]]

    /// - Throws: `JSONSchemaError` naming every problem.
    public init(_ schema: JSONValue) throws(JSONSchemaError) {
        var compiler = SchemaCompiler(document: schema)
        rules = try compiler.compile()
    }

    init(rules: [[SchemaRule]]) {
        self.rules = rules
    }

    /// What is wrong with a value: nothing, or the first `violationLimit`. The work is bounded, a value that takes too much
    /// of it has a violation that says so.
    public func violations(of value: JSONValue) -> [Violation] {
        var check = SchemaCheck(rules: rules)
        do throws(SchemaCheck.TooMuchWork) {
            return Array(try check.violations(of: value, by: 0, at: .root, depth: 0).prefix(Self.violationLimit))
        } catch {
            return [Violation(pointer: "", message: "is too large or too deep to be checked: send less")]
        }
    }
}

/// Why a schema cannot be used.
public struct JSONSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Each with the place in the schema and what would be right.
    public let problems: [String]

    public var description: String { problems.joined(separator: "; ") }
}
