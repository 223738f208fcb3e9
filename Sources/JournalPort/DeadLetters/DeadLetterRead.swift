import Signals

/// What an operator asks about the dead letters of one shard. Any reader answers it.
package enum DeadLetterRead: Sendable, Equatable {
    /// Up to `limit` of them after a position, ascending, discarded ones included.
    case list(after: Position, limit: Int)
    case show(Position)
}

extension JournalReader {
    package func deadLetters(_ read: DeadLetterRead) throws(JournalError) -> [DeadLetterDetails] {
        let letters =
            switch read {
            case .list(let after, let limit):
                try deadLetters(after: after, conversation: nil, limit: min(limit, DeadLetterMove.limit))
            case .show(let position): try deadLetter(at: position).map { [$0] } ?? []
            }
        var details: [DeadLetterDetails] = []
        for letter in letters {
            guard let record = try record(at: letter.position) else { continue }
            if let found = DeadLetterDetails(letter, record) { details.append(found) }
        }
        return details
    }
}
