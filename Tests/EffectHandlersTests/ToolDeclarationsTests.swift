import Testing

@testable import EffectHandlers

@Suite struct ToolDeclarationsTests {
    @Test func `Tools are read with their defaults, in order`() throws {
        let tools = try ToolDeclarations.parse(
            #"""
            {"get_weather":{"description":"Current weather","parameters":{"type":"object","properties":
            {"city":{"type":"string"}},"required":["city"]}},
            "book":{"transport":"http","url":"https://example.org/book?v=2","timeout":"1.5m","max_attempts":1,
            "requires_approval":true,"header_files":{"Authorization":"/etc/token"}}}
            """#
        ).tools
        #expect(tools.map(\.name) == ["get_weather", "book"])
        #expect(tools[0].transport == .mqtt)
        #expect(tools[0].timeout == nil)
        #expect(tools[0].maxAttempts == nil)
        #expect(!tools[0].requiresApproval)
        #expect(tools[1].timeout == .seconds(90))
        #expect(tools[1].requiresApproval)
        #expect(tools[1].parameters == Array(#"{"type":"object","properties":{}}"#.utf8))
        guard case .http(let endpoint) = tools[1].transport else {
            Issue.record("book is to be reached over HTTP")
            return
        }
        #expect(endpoint.url == "https://example.org/book?v=2")
        #expect(endpoint.place == "https://example.org/book")
        #expect(endpoint.headerFiles == [HTTPToolEndpoint.HeaderFile(name: "Authorization", path: "/etc/token")])
    }

    @Test func `A list with names is equivalent`() throws {
        #expect(try ToolDeclarations.parse(#"[{"name":"a"},{"name":"b"}]"#).tools.map(\.name) == ["a", "b"])
        #expect(try ToolDeclarations.parse(" ").isEmpty)
    }

    @Test(arguments: [
        ("[5]", "tools.0 must be an object"),
        (#"[{"name":"a"},{"name":"a"}]"#, "declares a twice"),
        (#""x""#, "tools must be an object"),
        ("{", "tools: the JSON text is incomplete"),
        (#"{"a b":{}}"#, "tools.a b has a name that is not"),
        (#"{"a":5}"#, "tools.a must be an object"),
        (#"{"a":{"timout":"1s"}}"#, "tools.a.timout is not a known member; the members are description"),
        (#"{"a":{"headers":{}}}"#, "header_files: {Authorization"),
        (#"{"a":{"input_schema":{}}}"#, "is called parameters"),
        (#"{"a":{"timeout":30}}"#, "tools.a.timeout must be a time"),
        (#"{"a":{"timeout":"2h"}}"#, "tools.a.timeout must be a time"),
        (#"{"a":{"max_attempts":0}}"#, "tools.a.max_attempts must be"),
        (#"{"a":{"requires_approval":"yes"}}"#, "tools.a.requires_approval must be true or false"),
        (#"{"a":{"transport":"grpc"}}"#, "tools.a.transport must be mqtt or http, is grpc"),
        (#"{"a":{"transport":"http"}}"#, "tools.a.url is missing"),
        (#"{"a":{"url":"http://x"}}"#, "tools.a.url belongs to the transport http"),
        (#"{"a":{"transport":"http","url":"ftp://x"}}"#, "tools.a.url is not an http"),
        (#"{"a":{"transport":"http","url":"http://u:p@x"}}"#, "has a user or password"),
        (
            #"{"a":{"transport":"http","url":"http://x","header_files":{"Host":"/f"}}}"#,
            "is not a header that can be set"
        ),
        (#"{"a":{"parameters":{"type":"array"}}}"#, "tools.a.parameters/type must be object"),
        (#"{"a":{"parameters":{"properties":{"x":{"type":"text"}}}}}"#, "tools.a.parameters: /properties/x/type must"),
    ])
    func `An error is refused with its place`(text: String, problem: String) throws {
        let error = try #require(throws: ToolDeclarationError.self) { try ToolDeclarations.parse(text) }
        #expect(error.description.contains(problem), "\(error)")
    }

    @Test func `All problems are named at once`() throws {
        let error = try #require(throws: ToolDeclarationError.self) {
            try ToolDeclarations.parse(#"{"a":{"timeout":1,"max_attempts":"x"},"b":{"transport":"x"}}"#)
        }
        #expect(error.problems.count == 3)
    }
}
