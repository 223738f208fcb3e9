import Testing

@testable import Conversation

@Suite struct LLMContextPropertyTests {
    private static let options: [LLMContextProjection.Options] = [
        .init(), .init(includesDeltas: true), .init(includesDeltas: true, includesToolStatus: false, maxMessages: 7),
        .init(answers: .effects, maxMessages: 0), .request(), .request(maxMessages: 5),
    ]

    @Test(arguments: 0..<60)
    func `A context advanced event by event, copied and fed repeats on the way, equals one made at once`(seed: UInt64) {
        var generator = RandomEvents(seed: seed, deltas: [1, 6][Int(seed % 2)])
        let events = generator.list(150)
        for options in Self.options {
            var advanced = LLMContextProjection(options: options)
            var rest = events[...]
            while !rest.isEmpty {
                let before = advanced
                let chunk = rest.prefix(Int.random(in: 1...30, using: &generator.random))
                for event in chunk { advanced.apply(event) }
                for event in events.prefix(chunk.endIndex).shuffled(using: &generator.random).prefix(5) {
                    advanced.apply(event)
                }
                let made = LLMContextProjection(of: events[..<chunk.startIndex], options: options)
                #expect(json(before.messages().encode()) == json(made.messages().encode()))
                rest = rest.dropFirst(chunk.count)
            }
            let made = LLMContextProjection(of: events, options: options)
            #expect(json(advanced.messages().encode()) == json(made.messages().encode()))
            #expect(json(advanced.messages(last: 0).encode()) == json(made.messages(last: 0).encode()))
        }
    }

    @Test(arguments: 0..<40)
    func `Whatever is recorded, a provider accepts the request, and it ends the conversation`(seed: UInt64) {
        var generator = RandomEvents(seed: seed)
        var context = LLMContextProjection(options: .init(answers: .effects, keepsCanceledText: true, maxMessages: 0))
        for event in generator.list(200) {
            context.apply(event)
            guard Int.random(in: 0..<10, using: &generator.random) == 0 else { continue }
            let all = context.messages()
            expectEveryCallAnswered(all)
            let budget = Int.random(in: 0..<200, using: &generator.random)
            let some = context.request(tokenBudget: budget, last: Int.random(in: 1..<20, using: &generator.random))
            expectEveryCallAnswered(some)
            #expect(json(some.encode()) == json(Array(all.suffix(some.count)).encode()))
            let newest = some.first?.role == .tool ? 0 : 1 + (some.first?.toolCalls.count ?? 0)
            #expect(some.reduce(0) { $0 + $1.estimatedTokens } <= budget || some.count == newest)
        }
    }

    @Test(arguments: 0..<40)
    func `From its generation's start on, a message is shown once, and messages are in the order of the starts`(
        seed: UInt64
    ) {
        var random = SplitMix(seed: seed)
        var context = LLMContextProjection(options: .init(answers: .effects, maxMessages: 0))
        var waiting: [Int] = []
        var expected: [String] = []
        for number in 0..<300 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1, 2:
                context.apply(user("\(number)", "q\(number)"))
                waiting.append(number)
            case 3 where !waiting.isEmpty, 4 where !waiting.isEmpty, 5 where !waiting.isEmpty:
                let message = waiting.remove(at: Int.random(in: waiting.indices, using: &random))
                let lifecycles = ["started", "started", "canceled", "failed", "completed"]
                let lifecycle = lifecycles[Int.random(in: lifecycles.indices, using: &random)]
                for _ in 0..<Int.random(in: 1...2, using: &random) {
                    context.apply(
                        projected(
                            "\(number)", "conv.effect.llm.generation.\(lifecycle)",
                            #"{"effect_id":"llm-generation-\#(message)"}"#))
                }
                if lifecycle != "failed" { expected.append("q\(message)") }
            default: context.apply(projected("\(number)", "conv.applied.event.applied"))
            }
            #expect(context.messages().map(\.content) == expected)
        }
    }

    private func expectEveryCallAnswered(_ messages: [ChatMessage]) {
        var waiting: [String] = []
        for message in messages {
            if message.role == .tool {
                #expect(waiting.first == message.toolCallID)
                waiting = Array(waiting.dropFirst())
            } else {
                #expect(waiting.isEmpty)
                waiting = message.toolCalls.map(\.id)
            }
        }
        #expect(waiting.isEmpty)
    }
}

@Suite struct GenerationLedgerTests {
    @Test func `The newest thousand ends are remembered, and memory is bounded`() {
        var ledger = GenerationLedger()
        let first = (0..<10_000).map { ledger.end("\($0)") }
        #expect(!first.contains(false))
        let again = (9_000..<10_000).map { ledger.end("\($0)") }
        #expect(!again.contains(true))
        let oldest = ledger.end("0")
        #expect(oldest)
    }

    @Test func `Calls of dropped messages are forgotten`() {
        let call = ToolCall(id: "a", name: "f", arguments: "{}")
        var ledger = GenerationLedger()
        ledger.open([call], at: 3)
        ledger.forget(before: 3)
        let kept = ledger.close(call: "a")
        #expect(kept == 3)
        ledger.open([call], at: 3)
        ledger.forget(before: 4)
        let gone = ledger.close(call: "a")
        #expect(gone == nil)
    }
}
