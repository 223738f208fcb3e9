import Signals

/// The entries of a timeline that may still change: answers without an end, and approval requests without a decision.
struct AnswerLedger: Sendable {
    private struct Answer: Sendable {
        var place: Int
        /// The offset of its newest event.
        var newest: Int64
        var isOpen = true
    }

    /// Maximum distance in records between two events of one answer.
    private let gap: Int64
    private var answers: [ExactText: Answer] = [:]
    /// Places by effect.
    private var requests: [ExactText: Int] = [:]

    init(gap: Int64) {
        self.gap = gap
    }

    /// The place of the answer that an event continues; nil if there is none.
    mutating func place(of output: ExactText, at offset: Int64) -> Int? {
        guard let answer = answers[output], answer.isOpen, offset - answer.newest <= gap else { return nil }
        answers[output]?.newest = offset
        return answer.place
    }

    /// Ended answers beyond this number are forgotten.
    private static let limit = 4_096

    /// Notes a new answer.
    /// - Returns: whether an earlier answer had the same output, so that this one cannot have begun earlier.
    mutating func begin(_ output: ExactText, at place: Int, offset: Int64) -> Bool {
        if answers.count >= Self.limit { answers = answers.filter { $1.isOpen && offset - $1.newest <= gap } }
        return answers.updateValue(Answer(place: place, newest: offset), forKey: output) != nil
    }

    mutating func end(_ output: ExactText) { answers[output]?.isOpen = false }

    mutating func request(_ effect: ExactText, at place: Int) { requests[effect] = place }

    /// The place of the request that the first status of its effect decides.
    mutating func decide(_ effect: ExactText) -> Int? { requests.removeValue(forKey: effect) }

    /// Whether no event from `offset` on can change an entry before `place`.
    func isSettled(before place: Int, from offset: Int64) -> Bool {
        !requests.values.contains { $0 < place }
            && !answers.values.contains { $0.isOpen && $0.place < place && offset - $0.newest <= gap }
    }
}
