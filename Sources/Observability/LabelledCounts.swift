/// Rejections by code. A code's detail (`attribute_missing:id`) is dropped, so that what a client sends cannot make new
/// time series without end.
public struct RejectionCounts: Sendable, Equatable {
    /// The contract has 13 codes; anything beyond this many different ones is counted as `other`.
    static let codeLimit = 32

    /// Code without detail to count.
    public private(set) var byCode: [String: UInt64] = [:]

    public init() {}

    /// The count of a code. Setting it for a code beyond the limit sets `other`.
    public subscript(code: String) -> UInt64 {
        get { byCode[key(for: code)] ?? 0 }
        set { byCode[key(for: code)] = newValue }
    }

    mutating func add(_ other: Self) {
        for (code, count) in other.byCode { self[code] += count }
    }

    private func key(for code: String) -> String {
        let name = String(code.prefix { $0 != ":" })
        if byCode[name] != nil || byCode.count < Self.codeLimit { return name }
        return "other"
    }
}

/// Effects by class and by what became of them.
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
