import Conversation

/// Everything the engine has to know of effects.
public struct EffectSettings: Sendable {
    public var llm = EffectPolicy(unavailableFor: .seconds(300))
    public var tool = EffectPolicy(timeout: .seconds(60))
    public var bounds = EffectPolicyBounds()
    /// By name. A tool that is not here is no less called: its handler says what is wrong with it.
    public var tools: [String: ToolPolicy] = [:]
    /// How long a tool call waits for approval before it counts as denied; zero for ever.
    public var approvalTimeout = Duration.seconds(86_400)
    public var turns = TurnSettings()
    /// Timers that wait at once; a further one fails. Each costs a row and 2 to 3 kB of memory.
    public var timerLimit = 1_000_000
    /// Bytes that all attempts together have streamed and the engine keeps in memory. Beyond, the longest text is let go and
    /// read back from the journal if its attempt does not end whole.
    public var streamedTextLimit = 64 << 20

    public init() {}

    /// Timers have no attempts: they fire once.
    package func policy(of effectClass: EffectClass) -> EffectPolicy {
        switch effectClass {
        case .llm: llm
        case .tool, .timer: tool
        }
    }
}
