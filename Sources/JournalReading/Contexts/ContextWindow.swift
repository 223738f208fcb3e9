import Conversation
import JournalPort
import Signals

/// The end of a conversation that a model's context is made of, gathered backwards along the chain of its records.
///
/// It is wide enough when it has the messages that are asked for, and when it is closed: of every generation whose end is
/// in it the start is, too, and of every start what caused it. A context made of it then ends with the same messages as
/// one made of the whole conversation: a message waits in it for its generation's start, and no end of a generation is
/// taken for the first though an older one stands in front.
struct ContextWindow {
    /// Records that are read for closing it when there are enough messages. A generation's start and end, and the output
    /// behind it, lie within the pieces of one answer. What has no start at all (an external runner's output) must not
    /// lead back to the conversation's first record.
    static let closingLimit = 10_000
    /// Records that are read at all. A conversation of many records without messages in them is not read further.
    static let recordLimit = 50_000
    /// Bytes of data that are gathered: what makes up more than the largest request (`ChatLimits.requestBytes`).
    static let byteLimit = 16 << 20

    /// Newest first.
    private var gathered: [ProjectionEvent] = []
    private var bytes = 0
    private var records = 0
    /// Messages that the gathered events make, about: the projection is who knows.
    private(set) var messages = 0
    /// When there were enough of them for the first time.
    private var recordsWhenEnough: Int?
    /// Generations with an end in the window whose first start has not come.
    private(set) var endedWithoutStart: Set<ExactText> = []
    /// Generations with a start in the window whose cause has not come.
    private(set) var startedWithoutCause: Set<ExactText> = []

    /// What was gathered, oldest first.
    var events: ReversedCollection<[ProjectionEvent]> { gathered.reversed() }

    var isClosed: Bool { endedWithoutStart.isEmpty && startedWithoutCause.isEmpty }

    /// Whether no more is to be read, whatever is missing.
    var isFull: Bool {
        records >= Self.recordLimit || bytes >= Self.byteLimit
            || recordsWhenEnough.map { records - $0 >= Self.closingLimit } == true
    }

    /// Whether it has as many messages as `count` and is closed, or has to do.
    mutating func isWideEnough(for count: Int) -> Bool {
        guard messages >= count else { return isFull }
        if recordsWhenEnough == nil { recordsWhenEnough = records }
        return isClosed || isFull
    }

    /// More messages are needed after all than `isWideEnough` was asked for.
    mutating func widen() { if !isFull { recordsWhenEnough = nil } }

    /// Takes the record before the ones it has.
    mutating func take(_ record: JournalRecord) {
        records += 1
        guard case .signal(let signal) = record.content else { return }
        resolve(signal)
        switch signal.type {
        case "conv.in.message.received": messages += 1
        case "conv.effect.llm.generation.started":
            guard let data = JSONObjectView(signal.data), let effect = data["effect_id"]?.string,
                effect.utf8.starts(with: Self.generationPrefix.utf8), Self.isFirstAttempt(data)
            else { return }
            endedWithoutStart.remove(ExactText(effect))
            startedWithoutCause.insert(ExactText(effect))
        case "conv.effect.llm.generation.completed", "conv.effect.llm.generation.canceled",
            "conv.effect.llm.generation.failed", "conv.out.assistant.completed":
            let effect = JSONObjectView(signal.data)?["effect_id"]?.string
            if let effect, effect.utf8.starts(with: Self.generationPrefix.utf8) {
                endedWithoutStart.insert(ExactText(effect))
            }
            // An output that names its generation only repeats the generation's end.
            if signal.type != "conv.out.assistant.completed" || effect == nil { messages += 1 }
        case "conv.effect.tool.execution.completed", "conv.effect.tool.execution.failed",
            "conv.effect.tool.execution.canceled":
            break
        default: return
        }
        bytes += signal.data.count
        gathered.append(ProjectionEvent(signal, offset: record.offset))
    }

    private static let generationPrefix = "llm-generation-"

    /// A signal that causes a generation: there is nothing of the generation before it.
    private mutating func resolve(_ signal: Signal) {
        guard !isClosed else { return }
        let generation = ExactText(Self.generationPrefix + signal.id)
        startedWithoutCause.remove(generation)
        endedWithoutStart.remove(generation)
    }

    private static func isFirstAttempt(_ data: JSONObjectView) -> Bool {
        data["attempt"].map { $0.kind == .integer && $0.raw.elementsEqual("1".utf8) } ?? true
    }
}
