import Signals

/// A person's decision about a tool call that needs approval.
public struct ToolDecision: Sendable, Equatable {
    public var target: EffectTarget
    public var isApproved: Bool
    /// The arguments to call the tool with in place of the model's: what stands in the signal, JSON; nil where there are none.
    public var arguments: [UInt8]?
    /// Who has decided, in the words of the program that asked them; nil where it does not say.
    public var decidedBy: String?

    init(_ data: JSONObjectView, isApproved: Bool) {
        target = EffectTarget(data)
        self.isApproved = isApproved
        // A text is the object as a model would have written it.
        arguments = data["arguments"].flatMap { value in
            value.kind == .null ? nil : value.string.map { Array($0.utf8) } ?? Array(value.raw)
        }
        decidedBy = data["decided_by"]?.string
    }
}
