import Conversation
import ConveyEngine
import EffectPort
import Signals

/// What attempts report, decided by the conversation and by how many attempts it had before.
struct ScriptedModel {
    /// What is left to do of an attempt.
    struct Script {
        var deltas: Int
        /// Nil where the attempt never ends by itself.
        let end: EffectReport.Event?
    }

    private var attempts: [String: Int] = [:]

    mutating func script(for attempt: EffectAttempt) -> Script {
        let subject = attempt.effect.subject
        let number = attempts[subject, default: 0]
        attempts[subject] = number + 1
        var hash = StableHash()
        hash.combine(subject)
        hash.combine(UInt64(number))
        let choice = Int(hash.value % 1_000)
        let isModel = attempt.effect.effectClass == .llm
        return Script(deltas: isModel ? choice % 4 : 0, end: Self.end(choice / 4 % 12, number, isModel: isModel))
    }

    private static func end(_ choice: Int, _ number: Int, isModel: Bool) -> EffectReport.Event? {
        switch choice {
        case 0: return nil
        case 1: return .failed(EffectFailure(.config, "refused"))
        case 2: return .failed(EffectFailure(.transport, "cut off"))
        case 7: return .failed(EffectFailure(.transport, "nobody is there", isUnavailable: true))
        case 3, 4, 5, 6:
            guard isModel else { break }
            let calls = (0...(choice % 2)).map {
                ToolCall(id: "call-\(number)-\($0)", name: choice < 5 ? "free" : "guarded", arguments: #"{"n":\#($0)}"#)
            }
            return .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: calls))
        default: break
        }
        return .completed(EffectResult(content: "answer \(number)", finishReason: "stop"))
    }
}
