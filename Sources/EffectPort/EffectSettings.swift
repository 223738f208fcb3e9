import Conversation

/// The engine's settings for effects.
public struct EffectSettings: Sendable {
    public var llm = EffectPolicy(unavailableFor: .seconds(300))
    public var tool = EffectPolicy(timeout: .seconds(60))
    public var bounds = EffectPolicyBounds()
    /// The policies of tools, by name. A tool without a policy is called, too; its handler reports the error.
    public var tools: [String: ToolPolicy] = [:]
    /// How long a tool call waits for approval before it counts as denied; zero means forever.
    public var approvalTimeout = Duration.seconds(86_400)
    public var turns = TurnSettings()
    /// Maximum open timers. Another one fails. Each timer costs a row and 2 to 3 kB of memory.
    public var timerLimit = 1_000_000
    /// Maximum bytes of streamed text of all attempts in memory. Beyond it the engine drops the longest text, and reads it
    /// back from the journal if the attempt ends without its whole text.
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
