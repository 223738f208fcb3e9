/// Effects by class and outcome.
public struct EffectCounts: Sendable {
    public enum Class: Int, Sendable, CaseIterable {
        case llm, tool, timer

        /// The label's value.
        public var name: String {
            switch self {
            case .llm: "llm"
            case .tool: "tool"
            case .timer: "timer"
            }
        }
    }

    public enum Outcome: Int, Sendable, CaseIterable {
        case started, retried, completed, failed, canceled

        /// The label's value.
        public var name: String {
            switch self {
            case .started: "started"
            case .retried: "retried"
            case .completed: "completed"
            case .failed: "failed"
            case .canceled: "canceled"
            }
        }
    }

    /// 3 classes times 5 outcomes, row by row.
    private var counts = InlineArray<15, UInt64>(repeating: 0)

    public init() {}

    public subscript(effectClass: Class, outcome: Outcome) -> UInt64 {
        get { counts[Self.index(effectClass, outcome)] }
        set { counts[Self.index(effectClass, outcome)] = newValue }
    }

    mutating func add(_ other: Self) {
        for index in counts.indices { counts[index] += other.counts[index] }
    }

    private static func index(_ effectClass: Class, _ outcome: Outcome) -> Int {
        effectClass.rawValue * 5 + outcome.rawValue
    }
}
