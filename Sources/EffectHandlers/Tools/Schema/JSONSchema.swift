import Signals

/// A JSON schema (draft 2020-12, and the parts of draft 7 that tools still use) to check values against.
///
/// It supports `type`, `enum`, `const`, the limits of numbers, strings, arrays and objects, `pattern`, `properties`,
/// `patternProperties`, `additionalProperties`, `propertyNames`, `required`, `dependentRequired`, `items` (also as a list),
/// `prefixItems`, `contains`, `uniqueItems`, `allOf`, `anyOf`, `oneOf`, `not`, `if`/`then`/`else`, and `$ref` to a place in
/// the same schema. Other keywords, `format` among them, are annotations and check nothing.
public struct JSONSchema: Sendable {
    /// A part of a value that does not match the schema.
    public struct Violation: Sendable, Equatable, CustomStringConvertible {
        /// The place in the value: a JSON pointer (RFC 6901), empty for the whole value.
        public let pointer: String
        /// The requirement and the actual value.
        public let message: String

        public var description: String { pointer.isEmpty ? message : "\(pointer) \(message)" }
    }

    /// Maximum number of subschemas, each with its own place.
    public static let subschemaLimit = 2_000
    /// Maximum number of violations reported.
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

    /// The first `violationLimit` violations of a value. The work is bounded: a value that needs too much gets a
    /// violation that says so.
    public func violations(of value: JSONValue) -> [Violation] {
        var check = SchemaCheck(rules: rules)
        do throws(SchemaCheck.TooMuchWork) {
            return Array(try check.violations(of: value, by: 0, at: .root, depth: 0).prefix(Self.violationLimit))
        } catch {
            return [Violation(pointer: "", message: "is too large or too deep to check: send less")]
        }
    }
}
