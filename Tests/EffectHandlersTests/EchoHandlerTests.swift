import ConveyEngine
import EffectPort
import JournalPort
import Signals
import Synchronization
import Testing

@testable import EffectHandlers

@Suite struct EchoHandlerTests {
    private func attempt(_ data: String) -> EffectAttempt {
        EffectAttempt(
            idempotencyKey: "abcde-1-0",
            effect: OpenEffect(
                key: EffectKey(cause: Position(1), ordinal: 0), conversation: ConversationID(1), subject: "c",
                effectClass: .llm, kind: "generation", effectID: "e", causeID: "m", attempt: 1),
            input: Array(data.utf8))
    }

    @Test(arguments: ["", " ", "one", "one two  three", " lead and trail ", "a\nb\tc", "日本 語", "👩‍👩‍👧 ok"], [1, 2, 7])
    func `The joined pieces of a text equal the text`(text: String, words: Int) {
        let pieces = EchoHandler.pieces(of: text, words: words)
        #expect(pieces.joined() == text)
        #expect(pieces.allSatisfy { !$0.isEmpty })
    }

    @Test func `A piece has as many words as requested`() {
        #expect(EchoHandler.pieces(of: "a b c d e", words: 2) == ["a b ", "c d ", "e"])
    }

    @Test func `It streams the user's text and ends with stop`() async throws {
        let pieces = Mutex<[String]>([])
        let result = try await EchoHandler(delay: .zero, chunkWords: 1).run(attempt(#"{"content":"hi \"you\""}"#)) {
            piece in
            pieces.withLock { $0.append(piece.text) }
        }
        #expect(result == EffectResult(content: #"hi "you""#, finishReason: "stop"))
        #expect(pieces.withLock { $0 } == ["hi ", #""you""#])
    }

    @Test(arguments: [
        #"{"content":[{"type":"text","text":"so it is"}]}"#, #"{"body":"so it is"}"#, #"{"text":"so it is"}"#,
    ])
    func `It echoes the text that a model would get`(data: String) async throws {
        let result = try await EchoHandler(delay: .zero, chunkWords: 9).run(attempt(data)) { _ in }
        #expect(result.content == "so it is")
    }

    @Test(arguments: [#"{}"#, #"{"content":null}"#, #"{"content":[{"type":"image_url"}]}"#])
    func `A message without text is answered with an empty one`(data: String) async throws {
        let result = try await EchoHandler(delay: .zero, chunkWords: 1).run(attempt(data)) { _ in
            Issue.record("there is nothing to stream")
        }
        #expect(result.content.isEmpty)
    }

    @Test func `It stops when it is cancelled`() async {
        let task = Task {
            try await EchoHandler(delay: .seconds(60), chunkWords: 1).run(attempt(#"{"content":"a b"}"#)) { _ in }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
