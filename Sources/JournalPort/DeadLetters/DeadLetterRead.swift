import Signals

/// An operator's query for dead letters.
package enum DeadLetterRead: Sendable, Equatable {
    /// Up to `limit` of them after a position, by shard and then by position, discarded ones included.
    case list(after: ShardPosition, limit: Int)
    case show(ShardPosition)
}

extension JournalReader {
    /// Up to `limit` dead letters of this shard after a position, ascending, discarded ones included.
    package func deadLetterDetails(
        after position: Position, limit: Int
    ) throws(JournalError) -> [DeadLetterDetails] {
        try details(of: deadLetters(after: position, conversation: nil, limit: min(limit, DeadLetterMove.limit)))
    }

    /// The dead letter at a position of this shard; nil if there is none.
    package func deadLetterDetails(at position: Position) throws(JournalError) -> DeadLetterDetails? {
        guard let letter = try deadLetter(at: position) else { return nil }
        return try details(of: [letter]).first
    }

    private func details(of letters: [DeadLetter]) throws(JournalError) -> [DeadLetterDetails] {
        var details: [DeadLetterDetails] = []
        for letter in letters {
            guard let record = try record(at: letter.position) else { continue }
            if let found = DeadLetterDetails(letter, record) { details.append(found) }
        }
        return details
    }
}
