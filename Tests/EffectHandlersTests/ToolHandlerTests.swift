import ConveyEngine
import EffectPort
import Testing

@testable import EffectHandlers

@Suite(.timeLimit(.minutes(1))) struct ToolHandlerTests {
    @Test(arguments: [
        ("get_wether", "{}", "there is no tool named get_wether; the tools are get_weather"),
        ("get_weather", "{", "the arguments of get_weather are not JSON: the JSON text is incomplete"),
        ("get_weather", "[]", "must be a JSON object, not []"),
        ("get_weather", " ", #"do not match its schema: the object must have the member "city", which is missing"#),
        ("get_weather", #"{"city":5}"#, "do not match its schema: /city must be a string, is 5"),
    ])
    func `A wrong call fails as config, with an explanation for the model, and nothing is sent`(
        name: String, arguments: String, message: String
    ) async throws {
        // There is no broker: an attempt to send would fail as transport.
        try await withTools { handler in
            let failure = try await failedRun(handler, attempt(name, arguments))
            #expect(failure.category == .config)
            #expect(failure.message.contains(message), "\(failure.message)")
        }
    }

    @Test func `Without a broker a call fails as transport after the grace, and can be retried`() async throws {
        try await withTools(port: 1, { $0.brokerGrace = .milliseconds(50) }) { handler in
            let failure = try await failedRun(handler, attempt())
            #expect(failure.category == .transport)
            #expect(failure.message.contains("no connection to the broker"))
        }
    }

    @Test func `After shutDown nothing is called`() async throws {
        let handler = try await withTools { $0 }
        #expect(try await failedRun(handler, attempt()).category == .canceled)
    }

    @Test func `A header file that is missing is found at the start`() async throws {
        let declarations = #"{"a":{"transport":"http","url":"http://x","header_files":{"Authorization":"/nowhere"}}}"#
        let error = try await #require(throws: EffectFailure.self) { try await withTools(declarations) { _ in } }
        #expect(error.message.contains("/nowhere cannot be read"))
    }
}
