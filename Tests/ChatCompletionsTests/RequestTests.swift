import Conversation
import Signals
import Testing

@testable import ChatCompletions

@Suite struct RequestTests {
    private func provider(
        _ baseURL: String = "https://api.openai.com/v1", member: ChatProvider.TokenLimitMember = .maxTokens,
        asksForUsage: Bool = true
    ) throws -> ChatProvider {
        try ChatProvider(
            name: "openai", baseURL: baseURL, apiKey: Secret(testKey), model: "gpt-x", tokenLimitMember: member,
            asksForUsage: asksForUsage)
    }

    private func encode(_ request: ChatRequest, _ provider: ChatProvider? = nil) throws -> String {
        let provider = try provider ?? self.provider()
        return String(decoding: try request.encoded(for: provider, limits: ChatLimits()), as: UTF8.self)
    }

    @Test func aRequestHasTheseBytes() throws {
        var request = ChatRequest(messages: [
            ChatMessage(role: .system, content: "be brief"), ChatMessage(role: .user, content: "what's \"up\"?\n"),
            ChatMessage(
                role: .assistant, content: "",
                toolCalls: [ToolCall(id: "c1", name: "clock", arguments: #"{"zone":"UTC"}"#)]),
            ChatMessage(role: .tool, content: "noon", toolCallID: "c1"), ChatMessage(role: .assistant, content: "noon"),
        ])
        request.tools = [
            ChatTool(name: "clock", description: "tells the time", parameters: Array(#"{"type":"object"}"#.utf8))
        ]
        request.temperature = 0.7
        request.maxTokens = 100
        request.parameters = Array(#" {"top_p": 0.5} "#.utf8)
        #expect(
            try encode(request) == #"{"model":"gpt-x","messages":[{"role":"system","content":"be brief"},"#
                + #"{"role":"user","content":"what's \"up\"?\n"},"#
                + #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","#
                + #""function":{"name":"clock","arguments":"{\"zone\":\"UTC\"}"}}]},"#
                + #"{"role":"tool","tool_call_id":"c1","content":"noon"},{"role":"assistant","content":"noon"}],"#
                + #""tools":[{"type":"function","function":{"name":"clock","description":"tells the time","#
                + #""parameters":{"type":"object"}}}],"stream":true,"stream_options":{"include_usage":true},"#
                + #""temperature":0.7,"max_tokens":100,"top_p": 0.5}"#)
    }

    @Test func aRequestThatIsNotStreamedAsksForNoStreamOptions() throws {
        var request = ChatRequest(messages: [ChatMessage(role: .user, content: "x")])
        request.stream = false
        request.model = "other"
        #expect(
            try encode(request) == #"{"model":"other","messages":[{"role":"user","content":"x"}],"stream":false}"#)
    }

    @Test func theProviderChoosesMembersThatNotAllServersKnow() throws {
        var request = ChatRequest(messages: [ChatMessage(role: .user, content: "x")])
        request.maxTokens = 5
        let text = try encode(request, provider(member: .maxCompletionTokens, asksForUsage: false))
        #expect(text.contains(#""max_completion_tokens":5"#))
        #expect(!text.contains("max_tokens\""))
        #expect(!text.contains("stream_options"))
    }

    @Test func whatIsNoRequestIsAConfigFailure() throws {
        var request = ChatRequest(messages: [ChatMessage(role: .user, content: "x")])
        request.tools = [ChatTool(name: "t", parameters: Array("[]".utf8))]
        #expect(throws: ChatFailure.self) { try encode(request) }
        request.tools = []
        request.parameters = Array(#"{"stre\u0061m":false}"#.utf8)
        #expect(throws: ChatFailure.self) { try encode(request) }
        request.parameters = Array("{} x".utf8)
        #expect(throws: ChatFailure.self) { try encode(request) }
        request.parameters = Array("{}".utf8)
        request.temperature = .nan
        #expect(throws: ChatFailure.self) { try encode(request) }
        request.temperature = 1e-7
        #expect(JSONObjectView(Array(try encode(request).utf8)) != nil)
        var limits = ChatLimits()
        limits.requestBytes = 10
        let error = #expect(throws: ChatFailure.self) { try request.encoded(for: provider(), limits: limits) }
        #expect(error?.category == .config)
        #expect(error?.isRetriable == false)
    }

    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/chat/completions"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
        ("https://x.test/v1/chat/completions", "https://x.test/v1/chat/completions"),
        ("https://x.test/gpt?api-version=2", "https://x.test/gpt/chat/completions?api-version=2"),
    ])
    func theEndpointIsTheBaseURLAndThePathOfCompletions(baseURL: String, url: String) throws {
        #expect(try provider(baseURL).endpoint.url == url)
    }

    @Test(arguments: [
        "", "api.openai.com/v1", "ftp://x.test", "https://", "https://user:\(testKey)@x.test/v1",
        "https://x.test/#\(testKey)",
        "http://x y/", "http:///v1",
    ])
    func aBaseURLThatCannotBeOneIsAConfigFailureThatDoesNotRepeatIt(baseURL: String) throws {
        let error = try #require(throws: ChatFailure.self) { try provider(baseURL) }
        #expect(error.category == .config)
        #expect(error.message.contains("openai"))
        #expect(!error.message.contains(testKey))
    }

    @Test func aQueryOfTheBaseURLIsNotInMessages() throws {
        #expect(try provider("https://x.test/v1?key=\(testKey)").endpoint.place == "https://x.test/v1/chat/completions")
    }

    @Test func onlySecretsOnAnOpenWireAreWorthAWarning() throws {
        #expect(try provider("http://10.0.0.7/v1").sendsSecretsInClear)
        #expect(try !provider("http://127.0.0.1/v1").sendsSecretsInClear)
        #expect(try !provider("http://[::1]/v1").sendsSecretsInClear)
        #expect(try !provider("http://localhost/v1").sendsSecretsInClear)
        #expect(try !provider("https://x.test/v1").sendsSecretsInClear)
        #expect(try !ChatProvider(name: "x", baseURL: "http://10.0.0.7", model: "m").sendsSecretsInClear)
    }

    @Test func aKeyOrHeaderThatNoRequestCanCarryIsAConfigFailureWithoutIt() throws {
        for key in ["\(testKey)\n", "\(testKey)\u{7f}", "\u{0}\(testKey)"] {
            let error = try #require(throws: ChatFailure.self) {
                try ChatProvider(name: "x", baseURL: "https://x.test", apiKey: Secret(key), model: "m")
            }
            #expect(error.category == .config)
            #expect(!error.message.contains(testKey))
        }
        for header in [("api-key", "\(testKey)\r\nHost: evil"), ("Content-Length", "1"), ("a b", "1"), ("", "1")] {
            let error = try #require(throws: ChatFailure.self) {
                try ChatProvider(
                    name: "x", baseURL: "https://x.test", model: "m",
                    headers: [.init(name: header.0, value: Secret(header.1))])
            }
            #expect(error.category == .config)
            #expect(!error.message.contains(testKey))
        }
    }

    @Test func authorizationIsSetOnce() throws {
        let headers = [ChatProvider.Header(name: "Authorization", value: Secret("Basic x"))]
        _ = try ChatProvider(name: "x", baseURL: "https://x.test", model: "m", headers: headers)
        #expect(throws: ChatFailure.self) {
            try ChatProvider(name: "x", baseURL: "https://x.test", apiKey: Secret("k"), model: "m", headers: headers)
        }
    }

    @Test func aSecretIsNotInAnyDescription() throws {
        let secret = Secret(testKey)
        let provider = try ChatProvider(
            name: "x", baseURL: "https://x.test?key=1", apiKey: secret, model: "m",
            headers: [.init(name: "api-key", value: secret)])
        var dumped = ""
        dump(provider, to: &dumped)
        for text in ["\(secret)", secret.debugDescription, String(reflecting: secret), "\(provider)", dumped] {
            #expect(!text.contains(testKey))
        }
        #expect(secret.reveal() == testKey)
    }
}
