/// A person's decision about a tool call that needs approval.
public struct ToolDecision: Sendable, Equatable {
    public var target: EffectTarget
    public var isApproved: Bool
}
