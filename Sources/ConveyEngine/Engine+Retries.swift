import Conversation
import EffectPort
import JournalPort
import Signals

/// Looking for answers that have failed.
extension Engine {
    /// Records of a conversation that are looked through, the newest: a person retries what has failed a moment ago.
    private static let retryRecords = 20_000

    /// The answer that a request to retry means: its newest end is a failure. Nil where there is none.
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
                // What others have reported cannot be made once more here.
                if isNewest, end.isFailure, let found = try resolve(end, in: conversation) { return found }
            }
            // Damage must not lead in a circle.
            position = min(last.previous, Position(last.position.rawValue - 1))
        }
        return nil
    }

    /// Finds what ordered the generation.
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
