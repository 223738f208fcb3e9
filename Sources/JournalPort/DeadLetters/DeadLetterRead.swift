import Signals

/// An operator's query for dead letters.
package enum DeadLetterRead: Sendable, Equatable {
    /// Up to `limit` of the selected ones after a position, by shard and then by position.
    case list(DeadLetterSelection, after: ShardPosition, limit: Int)
    case show(ShardPosition)
}

extension JournalReader {
    /// Up to `limit` of the selected dead letters of this shard after a position, ascending.
    package func deadLetterDetails(
        _ selection: DeadLetterSelection = .all, after position: Position, limit: Int
    ) throws(JournalError) -> [DeadLetterDetails] {
        let limit = min(limit, DeadLetterMove.limit)
        var found: [DeadLetter] = []
        var last = position
        while found.count < limit {
            let page = try deadLetters(after: last, conversation: nil, limit: DeadLetterMove.limit)
            found += page.filter(selection.includes)
            guard page.count == DeadLetterMove.limit, let end = page.last else { break }
            last = end.position
        }
        return try details(of: Array(found.prefix(limit)))
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
