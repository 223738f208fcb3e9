import Signals

/// The state of generations in a context: which are running, which have ended, and which tool calls have no result yet.
struct GenerationLedger: Sendable {
    /// Minimum number of ends to remember. Repeats of an end (its output, a second end) are recorded soon after it, and
    /// no more generations of one conversation can be in flight.
    static let limit = 1_000

    private var ended: Set<ExactText> = []
    /// The same, oldest first. Grows to twice the limit, then the older half is dropped.
    private var order: [ExactText] = []
    /// By call id: the place of the newest message that requests it. Some providers restart the numbering in each
    /// answer.
    private var openCalls: [ExactText: Int] = [:]
    /// Open calls are at this place or after it.
    private var oldest = 0

    /// Started and not ended, oldest first; few, and no more than the limit.
    private var running: [ExactText] = []

    mutating func start(_ effect: String) {
        let key = ExactText(effect)
        guard !ended.contains(key), !running.contains(key) else { return }
        if running.count == Self.limit { running.removeFirst() }
        running.append(key)
    }

    /// Whether the effect has started or ended.
    func knows(_ effect: String) -> Bool {
        let key = ExactText(effect)
        return ended.contains(key) || running.contains(key)
    }

    /// Whether this is the first end of the effect.
    mutating func end(_ effect: String) -> Bool {
        let key = ExactText(effect)
        if let index = running.firstIndex(of: key) { running.remove(at: index) }
        guard ended.insert(key).inserted else { return false }
        if order.count == 2 * Self.limit {
            ended.subtract(order.prefix(Self.limit))
            order.removeFirst(Self.limit)
        }
        order.append(key)
        return true
    }

    mutating func open(_ calls: [ToolCall], at place: Int) {
        for call in calls { openCalls[ExactText(call.id)] = place }
    }

    /// The place of the message that requested the call; nil if no message waits for its result.
    mutating func close(call: String) -> Int? {
        openCalls.removeValue(forKey: ExactText(call))
    }

    /// Forgets the calls of messages before a place.
    mutating func forget(before place: Int) {
        guard place > oldest else { return }
        oldest = place
        openCalls = openCalls.filter { $0.value >= place }
    }
}
