import Conversation
import JournalPort
import Signals

/// The end of a conversation, read backwards along its chain of records as far as a model's context needs it.
///
/// The window is wide enough when it has the requested messages and is closed: for every generation that ends in it, it
/// has the start, and for every start the cause. A context built from it then ends with the same messages as one built
/// from the whole conversation: messages wait in it until their generation starts, and a later end of a generation is
/// not mistaken for the first.
struct ContextWindow {
    /// Maximum records read to close the window once it has enough messages. Between a generation's start, its end and
    /// its output lie only the pieces of one answer. An end without any start (an external runner's output) must not
    /// lead back to the conversation's first record.
    static let closingLimit = 10_000
    /// Maximum records read, which limits the work for a long conversation with few messages.
    static let recordLimit = 50_000
    /// Maximum bytes of data read: more than the largest request contains (`ChatLimits.requestBytes`).
    static let byteLimit = 16 << 20

    /// Newest first.
    private var gathered: [ProjectionEvent] = []
    private var bytes = 0
    private var records = 0
    /// Estimated number of messages in the events read; only the projection has the exact number.
    private(set) var messages = 0
    /// The value of `records` when the window had enough messages for the first time.
    private var recordsWhenEnough: Int?
    /// Generations that end in the window, but whose first start is not in it.
    private(set) var endedWithoutStart: Set<ExactText> = []
    /// Generations that start in the window, but whose cause is not in it.
    private(set) var startedWithoutCause: Set<ExactText> = []

    /// The events read, oldest first.
    var events: ReversedCollection<[ProjectionEvent]> { gathered.reversed() }

    var isClosed: Bool { endedWithoutStart.isEmpty && startedWithoutCause.isEmpty }

    /// Whether a limit is reached, so that reading stops.
    var isFull: Bool {
        records >= Self.recordLimit || bytes >= Self.byteLimit
            || recordsWhenEnough.map { records - $0 >= Self.closingLimit } == true
    }

    /// Whether it has `count` messages and is closed, or is full.
    mutating func isWideEnough(for count: Int) -> Bool {
        guard messages >= count else { return isFull }
        if recordsWhenEnough == nil { recordsWhenEnough = records }
        return isClosed || isFull
    }

    /// Prepares for a larger count than that of the last call of `isWideEnough`.
    mutating func widen() { if !isFull { recordsWhenEnough = nil } }

    /// Adds the record that precedes those in the window.
    /// - Parameter signal: the record's signal, if it is of a type that `LLMContextProjection.shows`.
    mutating func take(_ link: RecordLink, signal: Signal?) {
        records += 1
        if case .signal(let id, _, _) = link.content { resolve(id) }
        guard let signal else { return }
        switch signal.type {
        case SignalType.messageReceived: messages += 1
        case SignalType.generationStarted:
            guard let data = JSONObjectView(signal.data), let effect = data["effect_id"]?.string,
                effect.utf8.starts(with: Self.generationPrefix.utf8), Self.isFirstAttempt(data)
            else { return }
            endedWithoutStart.remove(ExactText(effect))
            startedWithoutCause.insert(ExactText(effect))
        case SignalType.generationCompleted, SignalType.generationCanceled,
            SignalType.generationFailed, SignalType.assistantCompleted:
            let effect = JSONObjectView(signal.data)?["effect_id"]?.string
            if let effect, effect.utf8.starts(with: Self.generationPrefix.utf8) {
                endedWithoutStart.insert(ExactText(effect))
            }
            // An output that names its generation only repeats the generation's end.
            if signal.type != SignalType.assistantCompleted || effect == nil { messages += 1 }
        default: break
        }
        bytes += signal.data.count
        gathered.append(ProjectionEvent(signal, offset: link.offset))
    }

    private static let generationPrefix = "llm-generation-"

    /// A generation has no records before the signal that causes it.
    private mutating func resolve(_ id: String) {
        guard !isClosed else { return }
        let generation = ExactText(Self.generationPrefix + id)
        startedWithoutCause.remove(generation)
        endedWithoutStart.remove(generation)
    }

    private static func isFirstAttempt(_ data: JSONObjectView) -> Bool {
        data["attempt"].map { $0.kind == .integer && $0.raw.elementsEqual("1".utf8) } ?? true
    }
}
