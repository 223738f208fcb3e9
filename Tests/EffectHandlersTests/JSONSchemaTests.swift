import Signals
import Testing

@testable import EffectHandlers

@Suite struct JSONSchemaTests {
    private func json(_ text: String) throws -> JSONValue { try JSONValue(Array(text.utf8)) }

    private func violations(_ schema: String, _ value: String) throws -> [String] {
        try JSONSchema(json(schema)).violations(of: json(value)).map(\.description)
    }

    /// A schema, values that it allows, and values that it does not.
    static let table: [(schema: String, valid: [String], invalid: [String])] = [
        ("true", ["1", "null"], []),
        ("false", [], ["1", "null"]),
        ("{}", ["1", "[]"], []),
        (
            #"{"type":"integer"}"#, ["1", "-0", "1.0", "1e3", "12345678901234567890123"],
            ["1.5", "\"1\"", "true", "null"]
        ),
        (#"{"type":"number"}"#, ["1", "1.5"], ["\"1\"", "false"]),
        (#"{"type":["string","null"]}"#, ["\"a\"", "null"], ["1", "[]"]),
        (#"{"type":"boolean"}"#, ["true", "false"], ["0", "null"]),
        (#"{"enum":["c","f",1,null,{"a":[1]}]}"#, ["\"c\"", "1.0", "null", #"{"a":[1.0]}"#], ["\"C\"", "0", "[]"]),
        (#"{"const":{"a":1,"b":2}}"#, [#"{"b":2,"a":1}"#], [#"{"a":1}"#]),
        (#"{"const":"é"}"#, ["\"\\u00e9\""], ["\"e\\u0301\""]),
        (
            #"{"minimum":1,"maximum":2}"#, ["1", "2", "1.5", "\"x\""],
            ["0.999999999999999999999", "2.0000000000000000001"]
        ),
        (#"{"exclusiveMinimum":1,"exclusiveMaximum":2}"#, ["1.00000000000000000001"], ["1", "2", "1.0", "-3"]),
        (#"{"minimum":-5}"#, ["-5", "-4", "0", "1e400"], ["-5.1", "-1e400", "-50"]),
        (#"{"multipleOf":0.01}"#, ["0.07", "1", "19.99", "0", "-3.5"], ["0.075", "1e-3"]),
        (#"{"multipleOf":7}"#, ["0", "14", "-21", "7e100"], ["1", "1e100", "7.5"]),
        (#"{"minLength":1,"maxLength":2}"#, ["\"a\"", "\"👍🏽\"", "1"], ["\"\"", "\"abc\"", "\"👨‍👩‍👧\""]),
        (#"{"pattern":"^[A-Z]{2}\\d+$"}"#, ["\"AB1\"", "5"], ["\"ab1\"", "\"AB\"", "\"xAB1\""]),
        (#"{"pattern":"b"}"#, ["\"abc\""], ["\"a\""]),
        (
            #"{"properties":{"a":{"type":"string"}},"required":["a"]}"#, [#"{"a":"x","b":1}"#, "5"],
            ["{}", #"{"a":1}"#]
        ),
        (#"{"properties":{"a":true},"additionalProperties":false}"#, ["{}", #"{"a":1}"#], [#"{"b":1}"#]),
        (#"{"additionalProperties":{"type":"integer"}}"#, [#"{"x":1}"#], [#"{"x":"1"}"#]),
        (
            #"{"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":false}"#, [#"{"x-a":"b"}"#],
            [#"{"x-a":1}"#, #"{"y":"b"}"#]
        ),
        (#"{"propertyNames":{"maxLength":2}}"#, [#"{"ab":1}"#], [#"{"abc":1}"#]),
        (#"{"dependentRequired":{"a":["b"]}}"#, ["{}", #"{"a":1,"b":1}"#], [#"{"a":1}"#]),
        (#"{"minProperties":1,"maxProperties":1}"#, [#"{"a":1}"#], ["{}", #"{"a":1,"b":1}"#]),
        (#"{"items":{"type":"integer"}}"#, ["[]", "[1,2]"], [#"[1,"2"]"#]),
        (#"{"prefixItems":[{"type":"integer"}],"items":false}"#, ["[]", "[1]"], ["[1,2]", #"["1"]"#]),
        (#"{"items":[{"type":"integer"}],"additionalItems":{"type":"string"}}"#, [#"[1,"a"]"#], ["[1,2]"]),
        (#"{"minItems":1,"maxItems":2}"#, ["[1]", "[1,2]"], ["[]", "[1,2,3]"]),
        (#"{"uniqueItems":true}"#, ["[1,2]", "[1,\"1\",true]"], ["[1,1.0]", #"[{"a":1,"b":2},{"b":2,"a":1}]"#]),
        (#"{"contains":{"type":"integer"}}"#, [#"["a",1]"#], ["[]", #"["a"]"#]),
        (#"{"contains":{"type":"integer"},"minContains":2,"maxContains":2}"#, [#"[1,2,"a"]"#], ["[1]", "[1,2,3]"]),
        (#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, ["1"], ["0", "3"]),
        (#"{"anyOf":[{"type":"string"},{"minimum":2,"type":"number"}]}"#, ["\"a\"", "2"], ["1", "null"]),
        (#"{"oneOf":[{"multipleOf":2},{"multipleOf":3}]}"#, ["2", "3"], ["6", "5"]),
        (#"{"not":{"type":"string"}}"#, ["1"], ["\"a\""]),
        (
            #"{"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"required":["a"]},"else":{"required":["b"]}}"#,
            [#"{"k":1,"a":0}"#, #"{"k":2,"b":0}"#], [#"{"k":1}"#, #"{"k":2,"a":0}"#]
        ),
        (
            ##"{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"}},"additionalProperties":false}}}"##,
            ["{}", #"{"next":{"next":{}}}"#], [#"{"next":{"next":{"x":1}}}"#, "1"]
        ),
        (
            ##"{"properties":{"a":{"$ref":"#/definitions/x~1y%25","minimum":2}},"definitions":{"x/y%":{"type":"integer"}}}"##,
            [#"{"a":2}"#], [#"{"a":1}"#, #"{"a":"2"}"#]
        ),
        (#"{"format":"email","title":"t","description":"d","default":1,"x-own":{}}"#, ["\"no mail\""], []),
    ]

    @Test(arguments: table.indices) func `A value is valid if and only if its schema says so`(index: Int) throws {
        let row = Self.table[index]
        for value in row.valid { #expect(try violations(row.schema, value) == [], "\(row.schema) allows \(value)") }
        for value in row.invalid {
            #expect(try !violations(row.schema, value).isEmpty, "\(row.schema) does not allow \(value)")
        }
    }

    @Test(arguments: [
        (#"{"required":["city"]}"#, "{}", #"must have the member "city", which is missing"#),
        (#"{"properties":{"n":{"type":"integer"}}}"#, #"{"n":"three"}"#, #"/n must be an integer, is "three""#),
        (#"{"properties":{"u":{"enum":["c","f"]}}}"#, #"{"u":"k"}"#, #"/u must be one of "c", "f", is "k""#),
        (#"{"properties":{"a/b":{"minimum":1}}}"#, #"{"a/b":0}"#, "/a~1b must be at least 1, is 0"),
        (
            #"{"properties":{"a":true,"b":true},"additionalProperties":false}"#, #"{"c":0}"#,
            "/c is not a known member; the members are: a, b"
        ),
        (#"{"items":{"maxLength":2}}"#, #"["a","abc"]"#, "/1 must have at most 2 characters, has 3"),
        (
            #"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "1",
            "has none of the 2 allowed forms: (1) must be a string, is 1; (2) must be null, is 1"
        ),
        ("false", "1", "is not allowed here: leave it out"),
    ])
    func `A violation gives the place, the expected and the actual value`(
        schema: String, value: String, message: String
    ) throws {
        #expect(try violations(schema, value) == [message])
    }

    @Test(arguments: [
        ("5", "the schema must be a schema"),
        (#"{"type":"text"}"#, "/type must be one of null, boolean"),
        (#"{"properties":{"a":{"type":5}}}"#, "/properties/a/type must be one of"),
        (#"{"properties":[]}"#, "/properties must be an object"),
        (#"{"required":"a"}"#, "/required must be a list"),
        (#"{"minimum":"1"}"#, "/minimum must be a number"),
        (#"{"exclusiveMinimum":true}"#, "/exclusiveMinimum must be a number"),
        (#"{"minLength":-1}"#, "/minLength must be a whole number"),
        (#"{"multipleOf":0}"#, "/multipleOf must be above 0"),
        (#"{"pattern":"("}"#, "/pattern is not a supported regular expression"),
        (#"{"enum":[]}"#, "/enum must be a list"),
        (#"{"anyOf":[]}"#, "/anyOf must be a list"),
        (#"{"$ref":"https://example.org/x"}"#, "/$ref must point into this schema"),
        (##"{"$ref":"#/$defs/x"}"##, "/$ref points to #/$defs/x, which does not exist"),
        (##"{"$ref":"#"}"##, "leads through $ref back to itself"),
        (
            ##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
            "back to itself"
        ),
    ])
    func `A schema that is malformed is refused with its place`(schema: String, problem: String) throws {
        let error = try #require(throws: JSONSchemaError.self) { try JSONSchema(json(schema)) }
        #expect(error.description.contains(problem), "\(error)")
    }

    @Test func `Every problem of a schema is named`() throws {
        let error = try #require(throws: JSONSchemaError.self) {
            try JSONSchema(json(#"{"type":"x","minimum":"1","properties":{"a":{"pattern":5}}}"#))
        }
        #expect(error.problems.count == 3)
    }

    @Test func `A check that would take too long is stopped`() throws {
        // Each level doubles the work.
        var definitions = #""d0":{"type":"integer"}"#
        for level in 1...40 {
            let below = "{\"$ref\":\"#/$defs/d\(level - 1)\"}"
            definitions += ",\"d\(level)\":{\"allOf\":[\(below),\(below)]}"
        }
        let schema = "{\"$ref\":\"#/$defs/d40\",\"$defs\":{\(definitions)}}"
        #expect(try violations(schema, "1") == ["is too large or too deep to check: send less"])
    }
}
