import Signals

/// The state of a conversation after some signals have been applied. Its size does not grow with their number.
public struct ConversationState: Sendable, Equatable {
    /// Requests made at least once.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let abortRequested = Flags(rawValue: 1)
        public static let stopRequested = Flags(rawValue: 2)
        public static let cancelRequested = Flags(rawValue: 4)

        /// Names in the order they are written.
        static let names: [(flag: Flags, name: String)] = [
            (.abortRequested, "abort_requested"), (.stopRequested, "stop_requested"),
            (.cancelRequested, "cancel_requested"),
        ]
    }

    /// The progress of an open effect.
    public enum EffectProgress: String, Sendable, CaseIterable {
        case started, progress
    }

    /// A signal that was applied.
    public struct Event: Sendable, Equatable {
        public var id: String
        public var type: String
        public var priority: Priority
        /// The signal's offset in its conversation.
        public var offset: Int64

        public init(id: String, type: String, priority: Priority, offset: Int64) {
            self.id = id
            self.type = type
            self.priority = priority
            self.offset = offset
        }
    }

    /// Signals applied, one number per family and one for types outside all families.
    public struct FamilyCounts: Sendable, Equatable {
        private var inbound: UInt64 = 0
        private var applied: UInt64 = 0
        private var effect: UInt64 = 0
        private var output: UInt64 = 0
        private var audit: UInt64 = 0
        private var unknown: UInt64 = 0

        public internal(set) subscript(_ family: Family?) -> UInt64 {
            get { self[keyPath: Self.member(family)] }
            set { self[keyPath: Self.member(family)] = newValue }
        }

        private static func member(_ family: Family?) -> WritableKeyPath<FamilyCounts, UInt64> {
            switch family {
            case .inbound: \.inbound
            case .applied: \.applied
            case .effect: \.effect
            case .output: \.output
            case .audit: \.audit
            case .none: \.unknown
            }
        }
    }

    public internal(set) var appliedCount: UInt64 = 0
    public internal(set) var counts = FamilyCounts()
    public internal(set) var flags: Flags = []
    /// Effects that have not ended, by id.
    public internal(set) var inFlight: [String: EffectProgress] = [:]
    public internal(set) var lastEvent: Event?
    /// The tool calls that an answer waits for; nil if there are none.
    public internal(set) var toolLoop: ToolLoop?
    /// A hash of all signals applied so far, in order: each step chains the previous digest with the signal's priority
    /// and its record's hash. A difference in the signals or in their order stays visible permanently. The results of
    /// the reducer are not part of it.
    public internal(set) var digest: UInt64 = 0

    public init() {}
}
