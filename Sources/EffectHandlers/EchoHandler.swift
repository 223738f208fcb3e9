import Conversation
import EffectPort

/// The built-in model: streams the user's text back, without a network or a key. For a first try, tests and benchmarks.
public struct EchoHandler: EffectHandler {
    /// Time before each piece.
    public var delay: Duration
    /// Words per piece.
    public var chunkWords: Int

    public init(delay: Duration, chunkWords: Int) {
        self.delay = delay
        self.chunkWords = max(1, chunkWords)
    }

    public func run(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult {
        let text = UserText.text(attempt.input)
        for piece in Self.pieces(of: text, words: chunkWords) {
            if delay > .zero { try await Task.sleep(for: delay) }
            try await emit(EffectDelta(piece))
        }
        return EffectResult(content: text, finishReason: "stop")
    }

    /// The text cut after every `words`th run of white space; joining the pieces gives the text.
    static func pieces(of text: String, words: Int) -> [String] {
        var pieces: [String] = []
        var current = ""
        var wordsInCurrent = 0
        var wasSpace = true
        for character in text {
            let isSpace = character.isWhitespace
            if wasSpace, !isSpace {
                if wordsInCurrent == words {
                    pieces.append(current)
                    current = ""
                    wordsInCurrent = 0
                }
                wordsInCurrent += 1
            }
            current.append(character)
            wasSpace = isSpace
        }
        if !current.isEmpty { pieces.append(current) }
        return pieces
    }
}
