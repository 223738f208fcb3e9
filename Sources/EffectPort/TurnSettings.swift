import Signals

/// The rules for consecutive answers of one conversation, which come one at a time.
public struct TurnSettings: Sendable, Equatable {
    /// The treatment of a message that arrives while an earlier one is being answered.
    public enum DoubleTexting: String, Sendable, CaseIterable {
        /// The message is answered afterwards.
        case queue
        /// The running answer is canceled, its text so far is kept, and both messages are answered.
        case interrupt
        /// The message is not answered.
        case reject
        /// Messages that arrive within `mergeWindow` of each other, or during an answer, are answered together.
        case merge
    }

    public var doubleTexting: DoubleTexting
    public var mergeWindow: Duration
    /// Maximum generations of one answer that end in tool calls; another one fails.
    public var maxToolRounds: Int

    public init(
        doubleTexting: DoubleTexting = .queue, mergeWindow: Duration = .milliseconds(1_500), maxToolRounds: Int = 8
    ) {
        self.doubleTexting = doubleTexting
        self.mergeWindow = mergeWindow
        self.maxToolRounds = maxToolRounds
    }

    private static let mergeWindowLimit = 600_000
    private static let toolRoundLimit = 1_000

    /// The settings overridden by a conversation's own: the members `double_texting`, `merge_window_ms` and
    /// `max_tool_rounds` of `llm` in the data of `conv.in.conversation.configured`; null means the service's setting.
    ///
    /// - Throws: `EffectFailure` of category `config` that names the error.
    package func overridden(by configuration: [UInt8]?) throws(EffectFailure) -> TurnSettings {
        guard let configuration, let value = JSONObjectView(configuration)?["llm"], value.kind != .null else {
            return self
        }
        guard let members = value.object else {
            throw EffectFailure(.config, "conversation.configured: llm must be an object")
        }
        var settings = self
        if let mode = members["double_texting"], mode.kind != .null {
            guard let known = mode.string.flatMap(DoubleTexting.init(rawValue:)) else {
                throw EffectFailure(
                    .config, "conversation.configured: llm.double_texting must be queue, interrupt, reject or merge")
            }
            settings.doubleTexting = known
        }
        if let window = members["merge_window_ms"], window.kind != .null {
            let number = try Self.number(window, "merge_window_ms", 0...Self.mergeWindowLimit)
            settings.mergeWindow = .milliseconds(number)
        }
        if let rounds = members["max_tool_rounds"], rounds.kind != .null {
            settings.maxToolRounds = try Self.number(rounds, "max_tool_rounds", 0...Self.toolRoundLimit)
        }
        return settings
    }

    private static func number(
        _ value: JSONSlice, _ name: String, _ range: ClosedRange<Int>
    ) throws(EffectFailure) -> Int {
        guard let number = value.integer, range.contains(number) else {
            throw EffectFailure(
                .config,
                "conversation.configured: llm.\(name) must be a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound)")
        }
        return number
    }
}
