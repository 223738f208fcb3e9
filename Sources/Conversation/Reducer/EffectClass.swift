/// Kinds of work outside the process.
public enum EffectClass: String, Sendable, CaseIterable {
    case llm, tool, timer

    /// The kind of work of this class, as used in types: `conv.effect.llm.generation.started`.
    public var kind: String {
        switch self {
        case .llm: "generation"
        case .tool: "execution"
        case .timer: "wait"
        }
    }

    /// The id of the effect that a signal starts: `llm-generation-{signal}`.
    public func effectID(startedBy signal: String) -> String { "\(rawValue)-\(kind)-\(signal)" }
}
