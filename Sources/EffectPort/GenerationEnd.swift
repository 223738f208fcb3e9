import Conversation
import Signals

/// The end of a generation, decoded from its lifecycle signal.
package struct GenerationEnd {
    package let effectID: String
    /// The id of the message that the generation answers.
    package let message: String
    package let isFailure: Bool
    /// Whether the answer continues after tool calls.
    package let goesOn: Bool
    /// The id of the signal that ordered the generation.
    package let orderedBy: String
    /// The number of earlier generations of the answer; nil in signals of earlier versions, which did not record it.
    package let round: Int?
    package let policy: [UInt8]?

    /// Nil for any other signal.
    package init?(_ signal: Signal) {
        guard Self.isEnd(signal.type), let data = JSONObjectView(signal.data),
            let effectID = data["effect_id"]?.string
        else { return nil }
        self.effectID = effectID
        let prefix = EffectClass.llm.effectID(startedBy: "")
        let named = effectID.hasPrefix(prefix) ? String(effectID.dropFirst(prefix.count)) : effectID
        message = data["metadata"]?.object?["answers"]?.string ?? named
        isFailure = signal.type == SignalType.generationFailed
        goesOn = signal.type == SignalType.generationCompleted && !ToolCall.list(data["tool_calls"]).isEmpty
        orderedBy = data["ordered_by"]?.string ?? named
        round = data["tool_round"]?.integer.map { max(0, $0) }
        policy = data["effect_policy"]?.orNone.map { Array($0.raw) }
    }

    package static func isEnd(_ type: String) -> Bool {
        switch type {
        case SignalType.generationCompleted, SignalType.generationFailed, SignalType.generationCanceled: true
        default: false
        }
    }
}
