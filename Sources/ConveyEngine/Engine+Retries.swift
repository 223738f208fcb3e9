import Conversation
import EffectPort
import JournalPort
import Signals

/// Finding failed answers.
extension Engine {
    /// Maximum records to search, newest first. This is enough because people usually retry an answer that has just failed.
    private static let retryRecords = 20_000

    /// Returns the failed answer that a request to retry refers to; nil if there is none. An answer has failed if its newest end is a failure.
    func failedAnswer(_ wish: RetryWish) throws(JournalError) -> FailedAnswer? {
        guard let conversation = state.conversations.find(id: wish.conversation) else { return nil }
        var decided: Set<ExactText> = []
        var position = conversation.record.head
        var left = Self.retryRecords
        while position > .start, left > 0 {
            let links = try links(from: position)
            guard let last = links.last else { return nil }
            left -= links.count
            let ends = links.filter { GenerationEnd.isEnd($0.type) && $0.signalID != nil }
            for record in try journal.records(at: ends.map(\.position)) {
                guard case .signal(let signal) = record.content, let end = GenerationEnd(signal), !end.goesOn else {
                    continue
                }
                let isNewest = decided.insert(ExactText(end.message)).inserted
                if let wanted = wish.effectID {
                    guard end.effectID == wanted else { continue }
                    return isNewest && end.isFailure ? try resolve(end, in: conversation) : nil
                }
                // A failure that another system reported cannot be retried here.
                if isNewest, end.isFailure, let found = try resolve(end, in: conversation) { return found }
            }
            // A damaged chain must not cause an endless loop.
            position = min(last.previous, Position(last.position.rawValue - 1))
        }
        return nil
    }

    /// Finds the signal that ordered the generation.
    private func resolve(
        _ end: GenerationEnd, in conversation: ActiveConversation
    ) throws(JournalError) -> FailedAnswer? {
        let hash = IdentityHash.of(subject: conversation.record.subject, id: end.orderedBy)
        let positions = state.knownPositions(identity: hash) + (try journal.positions(identity: hash))
        for position in positions {
            guard let record = try journal.record(at: position), record.conversation == conversation.record.id,
                case .signal(let signal) = record.content, signal.id == end.orderedBy
            else { continue }
            let isMessage = signal.type == SignalType.messageReceived
            guard isMessage || ToolLoop.mayContinue(signal) else { continue }
            return FailedAnswer(
                effectID: end.effectID, message: end.message, cause: position, signal: signal,
                round: isMessage ? 0 : max(1, end.round ?? 1), policy: end.policy)
        }
        return nil
    }
}
