import Conversation
import Signals

/// The outcome of a tool call that waited for approval, as `conv.audit.tool.decided` records it.
struct ToolVerdict {
    enum Outcome: String {
        case approved, denied
        /// The approval timeout passed without a decision.
        case expired
    }

    private var outcome: Outcome
    private var source: String?
    private var decidedBy: String?
    private var reason: String?
    /// The arguments that replace the model's.
    private var edited: String?

    static let expired = ToolVerdict(outcome: .expired)

    private init(outcome: Outcome) {
        self.outcome = outcome
    }

    /// - Parameter signal: the signal with the decision.
    init(_ outcome: Outcome, _ decision: ToolDecision, _ signal: Signal, edited: String? = nil) {
        self.outcome = outcome
        source = signal.source
        decidedBy = decision.decidedBy
        reason = decision.target.reason
        self.edited = edited
    }

    /// - Parameter call: the call as the model requested it.
    func data(id: String, effectID: String, _ call: ToolCall) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", "tool_decision")
        data.add("effect_id", effectID)
        data.add("tool_name", call.name)
        data.add("tool_call_id", call.id)
        data.add("decision", outcome.rawValue)
        if let source { data.add("decision_source", source) }
        if let decidedBy { data.add("decided_by", decidedBy) }
        if let reason { data.add("reason", reason) }
        data.add("arguments", call.arguments)
        if let edited { data.add("edited_arguments", edited) }
        return data.finish()
    }

    /// The arguments in a recorded verdict that replace the model's; nil for the model's own.
    static func editedArguments(_ data: [UInt8]) -> String? { JSONObjectView(data)?["edited_arguments"]?.string }
}
